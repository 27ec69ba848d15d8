// Starts GraphiQL over this origin's /graphql, with the query and headers the server wrote into the page.
"use strict";

(() => {
  const written = document.getElementById("settings").textContent.trim();
  const settings = written === "__SETTINGS__" ? {} : JSON.parse(written); // a server may have nothing to say
  // What stands after "#" in an address reaches no server, so a key may be handed over there. It does not stay there:
  // an address bar is photographed, shared and remembered.
  const key = new URLSearchParams(window.location.hash.slice(1)).get("key");
  window.history.replaceState(null, "", window.location.pathname);
  const headers = JSON.stringify({ ...settings.headers, ...(key && { Authorization: `Bearer ${key}` }) }, null, 2);
  const endpoint = new URL("/graphql", window.location.origin);

  // GraphiQL's history keeps headers. In memory, no key is left behind in the browser and no old query hides the new one.
  const memory = new Map();
  const storage = {
    getItem: (name) => memory.get(name) ?? null,
    setItem: (name, text) => void memory.set(name, text),
    removeItem: (name) => void memory.delete(name),
    clear: () => memory.clear(),
    get length() {
      return memory.size;
    },
  };

  async function ask(operation, { headers: typed } = {}) {
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: { Accept: "application/json", ...typed, "Content-Type": "application/json" },
      body: JSON.stringify(operation),
    });
    const text = await answer.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${answer.status}: ${text.slice(0, 500)}` }] };
    }
  }

  const ide = React.createElement(
    GraphiQL,
    {
      fetcher: ask,
      storage,
      defaultQuery: settings.query, // none: GraphiQL's own words of welcome
      headers,
      defaultHeaders: headers, // of every further tab
      defaultEditorToolsVisibility: "headers",
      showPersistHeadersSettings: false,
    },
    React.createElement(GraphiQL.Logo, null, "APIを試す · Try the API"),
  );
  ReactDOM.createRoot(document.getElementById("ide")).render(ide);
})();
