# Rails behind Puma, with the log of a generated config/environments/production.rb.
require "action_controller/railtie"
require "openssl"

class WebhooksController < ActionController::API
  SEEN = Concurrent::Set.new

  def health
    render plain: "healthy"
  end

  def showpass
    uuid = params[:webhook_event_uuid]
    logger.info "webhook received: #{uuid}"
    expected = OpenSSL::HMAC.hexdigest("SHA1", ENV.fetch("LAB_SECRET"), params[:id])
    if request.headers["X-Showpass-Signature"] != expected
      logger.warn "signature verification failed: #{uuid}"
      return render plain: "bad signature", status: :unauthorized
    end
    raise "webhook failed: no such ticket for #{uuid}" if request.headers["X-Lab"] == "crash"

    word = SEEN.add?(uuid) ? "webhook processed" : "duplicate webhook ignored"
    sleep 2 if request.headers["X-Lab"] == "slow"
    logger.info "#{word}: #{uuid}"
    render plain: "ok"
  end
end

class Shop < Rails::Application
  config.eager_load = true
  config.consider_all_requests_local = false
  config.secret_key_base = "0" * 64
  config.hosts.clear
  config.log_tags = [:request_id]
  plain = ActiveSupport::Logger.new("#{ENV.fetch("LAB_LOGS")}/production.log")
  plain.formatter = ::Logger::Formatter.new
  config.logger = ActiveSupport::TaggedLogging.new(plain)
  routes.append do
    get "health", to: "webhooks#health"
    post "webhooks/showpass", to: "webhooks#showpass"
  end
end

Shop.initialize!
run Shop
