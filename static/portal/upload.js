// Files of the lab's forms: a large one goes ahead in pieces, with a progress bar, and goes on after a lost connection or a reload.
// Every file's SHA-256 is computed here and sent with the form, so that the portal takes no other. Without this script the form
// sends the file by itself.
(() => {
  "use strict";
  const { tus, portalSha256: sha256 } = window;
  if (!tus || !sha256 || !tus.isSupported) return;

  const ENDPOINT = "/api/v1/uploads/";
  // Smaller files go along with the form.
  const SMALL = 1024 * 1024;
  const PIECE = 8 * 1024 * 1024;
  const DAY = 24 * 3600 * 1000;
  const store = window.localStorage;
  const prefix = `upload:${document.body.dataset.reader}:`;

  // Where an interrupted upload goes on: under a hash, so that nothing kept in the browser names a file.
  const places = {
    async findAllUploads() {
      return Object.keys(store).filter((key) => key.startsWith(prefix)).map(read).filter(Boolean);
    },
    async findUploadsByFingerprint(fingerprint) {
      return [read(prefix + sha256.ofText(fingerprint))].filter(Boolean);
    },
    async removeUpload(key) { store.removeItem(key); },
    async addUpload(fingerprint, upload) {
      const key = prefix + sha256.ofText(fingerprint);
      store.setItem(key, JSON.stringify({ size: upload.size, uploadUrl: upload.uploadUrl, creationTime: Date.now() }));
      return key;
    },
  };

  function read(key) {
    const kept = JSON.parse(store.getItem(key) || "null");
    if (kept && Date.now() - kept.creationTime < DAY) return { ...kept, urlStorageKey: key, metadata: {} };
    store.removeItem(key);
    return null;
  }

  function watch(form) {
    const input = form.querySelector("input[type=file][name=file]");
    const box = form.querySelector("[data-upload]");
    const part = (name) => box.querySelector(`[data-upload-${name}]`);
    const field = (name) => form.querySelector(`input[type=hidden][name=${name}]`);
    let now = null;

    const say = (text) => { part("status").textContent = text; };
    const show = (state) => {
      box.hidden = false;
      part("bar").hidden = state === "said";
      part("pause").hidden = state !== "running";
      part("resume").hidden = state !== "paused";
      part("stop").hidden = !["running", "paused"].includes(state);
    };
    const progress = (sent, size) => {
      const percent = Math.floor((100 * sent) / size);
      part("progress").value = percent;
      part("percent").textContent = `${percent} %`;
    };

    function forget() {
      if (now && now.upload) now.upload.abort().catch(() => {});
      now = null;
      field("upload").value = field("sha256").value = "";
      box.hidden = true;
    }

    function begin(file) {
      forget();
      const mine = now = { file, hash: "", url: "", upload: null, waiting: false, submitter: null };
      sha256.ofFile(file).then((hash) => { mine.hash = hash; settle(mine); }).catch(() => fail(mine, "The file cannot be read."));
      if (file.size > SMALL) send(mine);
    }

    async function send(mine) {
      const { file } = mine;
      mine.upload = new tus.Upload(file, {
        endpoint: ENDPOINT,
        chunkSize: PIECE,
        retryDelays: [0, 1000, 3000, 5000, 10000],
        headers: { "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]").value },
        metadata: { filename: file.name },
        urlStorage: places,
        fingerprint: async () => [file.name, file.size, file.lastModified].join("/"),
        removeFingerprintOnSuccess: true,
        onShouldRetry: (error) => retries(error),
        onProgress: (sent, size) => { if (now === mine) progress(sent, size); },
        onError: (error) => fail(mine, told(error), !error.originalResponse || retries(error)),
        onSuccess: () => { mine.url = mine.upload.url; progress(1, 1); settle(mine); },
      });
      progress(0, 1);
      const [before] = await mine.upload.findPreviousUploads();
      if (now !== mine) return;
      if (before) mine.upload.resumeFromPreviousUpload(before);
      run(mine, before ? "Going on where the upload stopped." : "Uploading.");
    }

    function run(mine, words) {
      mine.paused = false;
      show("running");
      say(words);
      mine.upload.start();
    }

    function pause(words) {
      now.paused = true;
      show("paused");
      say(words);
    }

    function fail(mine, words, canResume = false) {
      if (now !== mine) return;
      if (canResume) return pause(words);
      forget();
      show("said");
      say(words);
      input.value = "";
    }

    // Arrived and hashed: the form may go.
    function settle(mine) {
      if (now !== mine || !mine.hash) return;
      field("sha256").value = mine.hash;
      if (mine.upload && !mine.url) return;
      mine.ready = true;
      if (mine.upload) {
        field("upload").value = mine.url.split("/").filter(Boolean).pop();
        show("done");
        say("The file has arrived. It is added with the form.");
      }
      if (mine.waiting) form.requestSubmit(mine.submitter);
    }

    input.addEventListener("change", () => { if (input.files[0]) begin(input.files[0]); else forget(); });
    part("pause").addEventListener("click", () => {
      now.upload.abort();
      pause("Paused. What has arrived stays for a day.");
      part("resume").focus();
    });
    part("resume").addEventListener("click", () => { run(now, "Uploading."); part("pause").focus(); });
    part("stop").addEventListener("click", () => {
      const { upload } = now;
      upload.abort(true).catch(() => {});
      now.upload = null;
      forget();
      input.value = "";
      input.focus();
    });
    window.addEventListener("online", () => { if (now && now.upload && now.paused) run(now, "Connected again. Uploading."); });

    // Before other scripts: what waits for its file is not sent yet.
    form.addEventListener("submit", (event) => {
      if (!now) return;
      if (now.ready) {
        // The file is there already; it is not sent a second time.
        if (now.upload) input.disabled = true;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      now.waiting = true;
      now.submitter = event.submitter;
      if (now.upload) say("The form is sent as soon as the file has arrived.");
    }, true);
    window.addEventListener("pageshow", () => { input.disabled = false; });

    if (field("upload").value) {
      show("said");
      say("Your file has arrived and is not added yet. Put the rest right and send the form, or choose another file.");
    } else {
      places.findAllUploads().then((found) => {
        if (!found.length || now) return;
        show("said");
        say("An upload was interrupted. Choose the same file again: it goes on where it stopped.");
      });
    }
  }

  function retries(error) {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    return navigator.onLine && (status < 400 || status >= 500 || status === 409 || status === 423 || status === 429);
  }

  function told(error) {
    try {
      return JSON.parse(error.originalResponse.getBody()).detail;
    } catch {
      return "The connection was lost. What has arrived stays for a day, and the upload goes on when you are connected again.";
    }
  }

  for (const form of document.querySelectorAll("form")) {
    if (form.querySelector("[data-upload]")) watch(form);
  }
})();
