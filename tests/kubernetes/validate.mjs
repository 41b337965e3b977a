// Reads manifests and holds each against its schema; run by tests/kubernetes/run, in the directory
// where npm has put the schemas: node --input-type=module - FILE... < validate.mjs
//
// Prints [{file, document, troubles: []}] as JSON. The schemas of kubernetes-models are functions that
// check a value, and let pass what they do not know. So they get a value that notes what is read: a
// key that was not looked at is a field that the schema does not have.
import { readFileSync } from "node:fs";
import { loadAll } from "js-yaml";

const OPERATOR = "monitoring.coreos.com/";

async function validatorOf({ apiVersion, kind }) {
  const source = apiVersion.startsWith(OPERATOR) ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  const module = await import(`${source}/${apiVersion}/${kind}`);
  return module[kind].prototype.validate;
}

function watched(value, path, seen) {
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      const place = `${path}/${String(key)}`;
      seen.add(place);
      return watched(Reflect.get(target, key), place, seen);
    },
  });
}

function* unknown(value, path, seen) {
  for (const key of Object.keys(value)) {
    const place = `${path}/${key}`;
    if (!seen.has(place)) yield `${place} is not a known field`;
    else if (value[key] !== null && typeof value[key] === "object") yield* unknown(value[key], place, seen);
  }
}

async function troublesOf(document) {
  let validate;
  try {
    validate = await validatorOf(document);
  } catch (error) {
    return [`no schema of ${document?.apiVersion} ${document?.kind}: ${error.message}`];
  }
  const seen = new Set();
  const troubles = [];
  try {
    validate.call(watched(document, "", seen));
  } catch (error) {
    troubles.push(error.message);
  }
  return [...troubles, ...unknown(document, "", seen)];
}

const found = [];
for (const file of process.argv.slice(2)) {
  let documents = [];
  try {
    documents = loadAll(readFileSync(file, "utf8")); // a key that is given twice is an error
  } catch (error) {
    found.push({ file, document: null, troubles: [error.message] });
  }
  for (const document of documents) {
    found.push({ file, document, troubles: await troublesOf(document) });
  }
}
console.log(JSON.stringify(found));
