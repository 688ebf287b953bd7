// Uploads a file with tus-js-client and prints what became of it, as JSON. Usage: node upload.mjs <options as JSON>
//
// `package`: folder of the package; `endpoint`, `file`, `headers`, `metadata`, `chunkSize`; `uploadUrl` to go on with one;
// `abortAfter`: break off once so many bytes were sent; `deferred`: tell the length at the end; `along`: send the first bytes with the creation; `end`: end it afterwards.
import { createRequire } from "node:module";
import { createReadStream, statSync } from "node:fs";
import { PassThrough } from "node:stream";

const asked = JSON.parse(process.argv[2]);
const tus = createRequire(import.meta.url)(asked.package);
const statuses = [];
const seen = {};

function said(response) {
  statuses.push(response.getStatus());
  seen.attachmentId = response.getHeader("X-Attachment-Id") || seen.attachmentId;
  seen.expires = response.getHeader("Upload-Expires") || seen.expires;
}

function tell(outcome, error) {
  console.log(JSON.stringify({ outcome, url: upload.url, statuses, ...seen, error: error && String(error.message) }));
}

// a stream whose end is not known before it comes: the client knows the size of a file however it is told
const source = asked.deferred ? createReadStream(asked.file).pipe(new PassThrough()) : createReadStream(asked.file);

const upload = new tus.Upload(source, {
  endpoint: asked.endpoint,
  uploadUrl: asked.uploadUrl || null,
  uploadSize: asked.deferred ? undefined : statSync(asked.file).size,
  uploadLengthDeferred: Boolean(asked.deferred),
  uploadDataDuringCreation: Boolean(asked.along),
  overridePatchMethod: Boolean(asked.override),
  headers: asked.headers,
  metadata: asked.metadata || {},
  chunkSize: asked.chunkSize || 300000,
  retryDelays: [0, 50, 100],
  onAfterResponse: (_request, response) => said(response),
  onError: (error) => tell("failed", error),
  onSuccess: async () => {
    tell("done");
  },
  onChunkComplete: async (_size, accepted) => {
    if (asked.abortAfter && accepted >= asked.abortAfter) {
      await upload.abort(Boolean(asked.end));
      tell(asked.end ? "ended" : "broken off");
    }
  },
});
upload.start();
