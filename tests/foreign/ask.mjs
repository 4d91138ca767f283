// Asks our server through a provider of the OpenFeature project: first at once, then after a change.
//
// node ask.mjs KIND URL GRPC_PORT — reads the questions as one line of JSON from stdin, writes one
// line of JSON with the answers, and another one after the provider has told of a change.
import { createInterface } from "node:readline";

const [kind, url, grpcPort] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const token = { Authorization: "Bearer pg_secret" };
const headers = Object.entries(token);

const makers = {
  ofrep: async () => {
    const { OFREPProvider } = await import("@openfeature/ofrep-provider");
    return new OFREPProvider({ baseUrl: url, headers });
  },
  "ofrep-web": async () => {
    const { EventSource } = await import("eventsource");
    globalThis.EventSource = EventSource;
    const { OFREPWebProvider } = await import("@openfeature/ofrep-web-provider");
    const quiet = { error() {}, warn() {}, info() {}, debug() {} };
    return new OFREPWebProvider({ baseUrl: url, headers, cacheMode: "disabled" }, quiet);
  },
  flagd: async () => {
    const { FlagdProvider } = await import("@openfeature/flagd-provider");
    const selector = "flagSetId=production";
    return new FlagdProvider({
      resolverType: "in-process", host: "127.0.0.1", port: Number(grpcPort), selector,
    });
  },
  "flagd-web": async () => {
    const { FlagdWebProvider } = await import("@openfeature/flagd-web-provider");
    const authorized = (next) => (request) => {
      request.header.set("Authorization", token.Authorization);
      return next(request);
    };
    return new FlagdWebProvider({
      host: hostname, port: Number(port), tls: false, interceptors: [authorized],
    });
  },
};

const web = kind.endsWith("-web");
const { OpenFeature, ProviderEvents } = await import(
  web ? "@openfeature/web-sdk" : "@openfeature/server-sdk"
);
const quiet = { error() {}, warn() {}, info() {}, debug() {} };
OpenFeature.setLogger(quiet);

async function answers(questions) {
  const client = OpenFeature.getClient();
  const found = [];
  for (const { type, key, fallback, context } of questions) {
    if (web) await OpenFeature.setContext(context);
    const ask = client[`get${type}Details`].bind(client);
    const { value, variant, reason, errorCode, flagMetadata } = web
      ? ask(key, fallback)
      : await ask(key, fallback, context);
    found.push({ value, variant, reason, errorCode, flagMetadata });
  }
  return found;
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const questions = JSON.parse((await lines.next()).value);
let changes = 0;
OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, () => { changes += 1; });
if (web) await OpenFeature.setContext(questions[0].context);
await OpenFeature.setProviderAndWait(await makers[kind]());
console.log(JSON.stringify(await answers(questions)));

await lines.next();
if (kind !== "ofrep") {
  const seen = changes;
  console.log("{}");
  const started = Date.now();
  while (changes === seen && Date.now() - started < 10_000) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
console.log(JSON.stringify(await answers(questions)));
process.exit(0);
