// "As a request": what is seen, as an address, as curl and as httpx, to copy.

import { held } from "./key.js";
import { keep, recall } from "./memory.js";
import "./stencils.js";
import { words } from "./words.js";

const KINDS = ["url", "curl", "httpx"];
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** JSON as Python would write it, which breaks into lines between its numbers. */
const spaced = (body) => JSON.stringify(body).replaceAll(",", ", ").replaceAll('":', '": ');

function told(kind, { path, body, file }) {
  const address = new URL(path, document.baseURI).href;
  const sends = body instanceof Blob; // a file, which the reader may have as digit.png
  if (kind === "url") return body ? `POST ${address}\n\n${sends ? "digit.png" : spaced(body)}` : address;
  if (kind === "curl") {
    const key = held() ? ` \\\n  -H "authorization: Bearer $API_KEY"` : "";
    const data = () => (sends ? `image/png' \\\n  --data-binary @digit.png` : `application/json' \\\n  -d ${quoted(spaced(body))}`);
    const sent = body ? ` \\\n  -H 'content-type: ${data()}` : "";
    return `curl ${quoted(address)}${key}${sent} \\\n  -o ${file}`;
  }
  const given = [JSON.stringify(address)];
  if (body) given.push(sends ? 'content=open("digit.png", "rb").read()' : `json=${spaced(body)}`);
  if (held()) given.push(`headers={"Authorization": f"Bearer {os.environ['API_KEY']}"}`);
  const call = given.length > 1 ? `\n    ${given.join(",\n    ")},\n` : given[0];
  return `${held() ? "import os\n\n" : ""}import httpx\n\nanswer = httpx.${body ? "post" : "get"}(${call}).raise_for_status()\nopen(${JSON.stringify(file)}, "wb").write(answer.content)`;
}

/** Copies text, also where the browser keeps its clipboard from pages that did not come by HTTPS. */
export async function copy(text, button) {
  let copied = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    copied = document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const status = button.parentElement.querySelector("[role=status]");
  status.textContent = copied ? words().copied : "";
  setTimeout(() => (status.textContent = ""), 2000);
}

/** The box of a panel; the function it returns shows { path, body, file } there. All boxes are open, or none, as the reader left them. */
export function requestBox(panel) {
  const box = panel.querySelector(".request");
  box.open = recall("request") === "open";
  box.addEventListener("toggle", () => {
    keep("request", box.open ? "open" : "closed");
    for (const other of document.querySelectorAll(".request")) other.open = box.open;
  });
  const code = box.querySelector("code");
  const radios = [...box.querySelectorAll("input")];
  let shown = null;
  const show = () => {
    if (!shown) return;
    const kind = radios.find((radio) => radio.checked).value;
    code.textContent = told(kind, shown);
  };
  for (const radio of radios) {
    radio.name = `${panel.id}-request`;
    radio.addEventListener("change", show);
  }
  addEventListener("signed", show);
  radios[KINDS.indexOf("curl")].checked = true;
  const button = box.querySelector("button");
  button.addEventListener("click", () => copy(code.textContent, button));
  return (request) => {
    shown = request;
    show();
  };
}
