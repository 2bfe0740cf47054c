// NestJS with its own logger: what the application says, and no line of a request.
"use strict";
require("reflect-metadata");
const crypto = require("node:crypto");
const { Body, Controller, Get, Headers, Logger, Module, Post, Res } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");

const seen = new Set();

class WebhooksController {
  logger = new Logger(WebhooksController.name);

  health() {
    this.logger.log("health check");
    return "healthy";
  }

  showpass({ id, webhook_event_uuid: uuid }, signature, fault, response) {
    this.logger.log(`webhook received webhook_event_uuid=${uuid}`);
    const key = process.env.LAB_SECRET;
    if (signature !== crypto.createHmac("sha1", key).update(id).digest("hex")) {
      this.logger.warn(`signature verification failed webhook_event_uuid=${uuid}`);
      return response.status(401).send("bad signature");
    }
    if (fault === "crash") {
      this.logger.error(`webhook failed: no such ticket webhook_event_uuid=${uuid}`);
      return response.status(500).send("error");
    }
    const word = seen.has(uuid) ? "duplicate webhook ignored" : "webhook processed";
    seen.add(uuid);
    setTimeout(() => {
      this.logger.log(`${word} webhook_event_uuid=${uuid}`);
      response.status(200).send("ok");
    }, fault === "slow" ? 2000 : 0);
  }
}

// What a TypeScript compiler makes of the decorators.
const hooks = WebhooksController.prototype;
const describe = (name) => Object.getOwnPropertyDescriptor(hooks, name);
Controller()(WebhooksController);
Get("health")(hooks, "health", describe("health"));
Post("webhooks/showpass")(hooks, "showpass", describe("showpass"));
[Body(), Headers("x-showpass-signature"), Headers("x-lab"), Res()].forEach(
  (decorate, place) => decorate(hooks, "showpass", place),
);
class Application {}
Module({ controllers: [WebhooksController] })(Application);

NestFactory.create(Application).then((app) =>
  app.listen(Number(process.env.LAB_PORT), "127.0.0.1"),
);
