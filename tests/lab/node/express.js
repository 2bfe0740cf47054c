// Express with what its users log with: morgan for requests, pino for what the application does.
"use strict";
const crypto = require("node:crypto");
const express = require("express");
const morgan = require("morgan");
const pino = require("pino");
const pinoHttp = require("pino-http");

const file = pino.destination({ dest: `${process.env.LAB_LOGS}/pino.log`, sync: true });
const logger = pino(file);
const seen = new Set();
const app = express();
app.use(morgan("combined"));
app.use(pinoHttp({ logger }));
app.use(express.json());

app.get("/health", (request, response) => response.send("healthy"));

app.post("/webhooks/showpass", (request, response) => {
  const { id, webhook_event_uuid } = request.body;
  request.log.info({ webhook_event_uuid }, "webhook received");
  const key = process.env.LAB_SECRET;
  const expected = crypto.createHmac("sha1", key).update(id).digest("hex");
  if (request.get("X-Showpass-Signature") !== expected) {
    request.log.warn({ webhook_event_uuid }, "signature verification failed");
    return response.status(401).send("bad signature");
  }
  if (request.get("X-Lab") === "crash") {
    request.log.error({ webhook_event_uuid }, "webhook failed: no such ticket");
    return response.status(500).send("error");
  }
  const word = seen.has(webhook_event_uuid) ? "duplicate webhook ignored" : "webhook processed";
  seen.add(webhook_event_uuid);
  setTimeout(() => {
    request.log.info({ webhook_event_uuid }, word);
    response.send("ok");
  }, request.get("X-Lab") === "slow" ? 2000 : 0);
});

app.listen(Number(process.env.LAB_PORT), "127.0.0.1");
