// Starts Swagger UI on the document that lies beside this page, wherever both lie.

const here = new URL(".", location.href).pathname.replace(/\/$/, "");

/** A document that tells no server is of the one it came from, behind whatever prefix that is. */
const Beside = () => ({
  statePlugins: {
    spec: {
      wrapActions: {
        updateJsonSpec: (update) => (told) => update(here && !told.servers ? { ...told, servers: [{ url: here }] } : told),
      },
    },
  },
});

const SECRET = /^(authorization|x-api-key)$/i;

/** The request that is shown as curl holds the place of the key, not the key. */
const Discreet = () => ({
  wrapComponents: {
    curl: (Curl, { React }) => (given) => {
      const headers = given.request.get("headers")?.map((value, name) => (SECRET.test(name) ? value.replace(/\S+$/, "YOUR_API_KEY") : value));
      return React.createElement(Curl, { ...given, request: headers ? given.request.set("headers", headers) : given.request });
    },
  },
});

SwaggerUIBundle({
  url: "./openapi.json",
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  deepLinking: true,
  showExtensions: true,
  showCommonExtensions: true,
  oauth2RedirectUrl: new URL("./docs/oauth2-redirect", location.href).href,
  plugins: [Beside, Discreet],
});
