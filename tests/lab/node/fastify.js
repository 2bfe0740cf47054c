// Fastify, with the logger that it brings.
"use strict";
const crypto = require("node:crypto");
const fastify = require("fastify");

const seen = new Set();
const app = fastify({ logger: true });

app.get("/health", async () => "healthy");

app.post("/webhooks/showpass", async (request, reply) => {
  const { id, webhook_event_uuid } = request.body;
  request.log.info({ webhook_event_uuid }, "webhook received");
  const key = process.env.LAB_SECRET;
  const expected = crypto.createHmac("sha1", key).update(id).digest("hex");
  if (request.headers["x-showpass-signature"] !== expected) {
    request.log.warn({ webhook_event_uuid }, "signature verification failed");
    return reply.code(401).send("bad signature");
  }
  if (request.headers["x-lab"] === "crash") {
    throw new Error(`webhook failed: no such ticket for ${webhook_event_uuid}`);
  }
  const word = seen.has(webhook_event_uuid) ? "duplicate webhook ignored" : "webhook processed";
  seen.add(webhook_event_uuid);
  if (request.headers["x-lab"] === "slow") await new Promise((done) => setTimeout(done, 2000));
  request.log.info({ webhook_event_uuid }, word);
  return "ok";
});

app.listen({ port: Number(process.env.LAB_PORT), host: "127.0.0.1" });
