// A certified OpenID Connect provider on loopback, with a few people, for the tests of single sign-on.
// Says its port on a line of its own; takes orders as lines of JSON: {"people": {...}}, {"rotate": true}.
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { createInterface } from "node:readline";

const require = createRequire(process.env.PROVIDER_MODULES + "/");
const { Provider } = await import(require.resolve("oidc-provider")).then((m) => ({ Provider: m.default ?? m.Provider }));

const { port, client_id, client_secret, redirect_uri, home, ended } = JSON.parse(process.argv[2]);
const people = { alice: {}, ...JSON.parse(process.argv[3]) };
const issuer = `http://127.0.0.1:${port}`;
let keys = 0;
const key = () => ({ ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: `key-${++keys}` });

const made = (jwks) => {
  const provider = new Provider(issuer, {
    clients: [{
      client_id, client_secret, redirect_uris: [redirect_uri], post_logout_redirect_uris: [home], grant_types: ["authorization_code"], response_types: ["code"],
      backchannel_logout_uri: ended, backchannel_logout_session_required: true,
    }],
    jwks: { keys: jwks },
    cookies: { keys: ["only for tests"] },
    scopes: ["openid", "email", "profile"],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...people[sub] }) }),
    fetch: (url, { dispatcher: _guard, ...options }) => fetch(url, options), // its guard refuses loopback
    ttl: { Session: 3600, Grant: 3600, Interaction: 600, IdToken: 600, AccessToken: 600, AuthorizationCode: 60 },
  });
  return provider;
};

let first = key(), provider = made([first]), answer = provider.callback();
createServer((request, response) => answer(request, response)).listen(port, "127.0.0.1", () => console.log(JSON.stringify({ issuer })));
createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.people) Object.assign(people, order.people);
  if (order.rotate) answer = (provider = made([key()])).callback();
  console.log("done");
}).on("close", () => process.exit(0));
