// The page: one button, one status, the captions. See worklet.js for the audio.

const $ = (id) => document.getElementById(id);

// State → what the button does, and what the status says; an error says its own.
const STATES = {
  idle: ["Start captions", "The microphone is off."],
  connecting: ["Cancel", "Connecting…"],
  live: ["Stop", "Listening"],
  reconnecting: ["Stop", "Connection to the service lost. Reconnecting…"],
  finishing: ["Stop now", "Waiting for the last words…"],
  error: ["Try again", ""],
};

const NO_SERVER = "The server is gone, or cannot be reached.";

// Bytes that may wait for the network: ten seconds of audio.
const MAX_WAITING = 320_000;

let session = null; // null: idle or error

function show(state, reason) {
  const [action, status] = STATES[state];
  document.body.dataset.state = state;
  $("button").textContent = action;
  $("status").textContent = reason ?? status;
}

// Adds to the log, which screen readers read out, and keeps its end in view.
function add(kind, text) {
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = text;
  $("finals").append(line);
  keepEndInView();
}

// Interims are outside of the log: read out, each would begin the sentence anew.
function showInterim(text) {
  $("interim").textContent = text;
  keepEndInView();
}

let atEnd = true; // whether the reader is at the end, rather than reading above
const scroller = $("captions");
const keepEndInView = () => atEnd && scroller.scrollTo(0, scroller.scrollHeight);
scroller.addEventListener("scroll", () => {
  atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
});
new ResizeObserver(keepEndInView).observe(scroller);

class Session {
  ended = false;

  async start() {
    show("connecting");
    showInterim("");
    try {
      await this.openMicrophone();
      if (!this.ended) this.openSocket();
    } catch (error) {
      this.end("error", explain(error));
    }
    if (this.ended) this.closeMicrophone(); // it may have been cancelled meanwhile
  }

  async openMicrophone() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      // For people's ears; recognisers do better without.
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false },
    });
    this.stream.getTracks()[0].onended = () => this.end("error", "The microphone is gone.");
    const source = this.makeSource();
    const worklet = new URL("worklet.js", import.meta.url);
    await this.context.audioWorklet.addModule(worklet).catch(() => {
      throw new Error(NO_SERVER);
    });
    const samples = new AudioWorkletNode(this.context, "samples", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    samples.port.onmessage = ({ data }) => this.send(data);
    source.connect(samples);
    await this.context.resume();
  }

  makeSource() {
    try {
      this.context = new AudioContext({ sampleRate: 16000 });
      return this.context.createMediaStreamSource(this.stream);
    } catch {
      // Firefox wants the microphone's own rate: the worklet converts.
      this.context?.close();
      this.context = new AudioContext();
      return this.context.createMediaStreamSource(this.stream);
    }
  }

  openSocket() {
    const url = new URL("captions", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.take(JSON.parse(data));
    this.socket.onclose = () => this.end("error", NO_SERVER);
  }

  send(samples) {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_WAITING) {
      this.end("error", "The network to the server is too slow, or gone.");
    } else {
      this.socket.send(samples);
    }
  }

  take(message) {
    switch (message.kind) {
      case "live":
      case "reconnecting":
        if (!this.isFinishing) show(message.kind);
        break;
      case "interim":
        showInterim(message.text);
        break;
      case "final":
        showInterim("");
        add("final", message.text);
        break;
      case "gap":
        add("gap", `${message.seconds.toFixed(1)} seconds were not heard`);
        break;
      case "stopped":
        if (this.isFinishing) this.end("idle");
        else this.end("error", "No sound came from the microphone.");
        break;
      case "error":
        this.end("error", sentence(message.reason));
    }
  }

  // Stop: the server sends what it still has, then "stopped". A second time: do not wait for it.
  stop() {
    if (this.isFinishing || this.socket?.readyState !== WebSocket.OPEN) {
      this.end("idle");
      return;
    }
    this.isFinishing = true;
    this.closeMicrophone();
    this.socket.send("stop");
    show("finishing");
  }

  end(state, reason) {
    if (this.ended) return;
    this.ended = true;
    session = null;
    this.closeMicrophone();
    this.socket?.close();
    show(state, reason);
  }

  closeMicrophone() {
    this.stream?.getTracks().forEach((track) => track.stop());
    if (this.context?.state !== "closed") this.context?.close();
  }
}

function explain(error) {
  if (!navigator.mediaDevices) return "Microphones work on https pages and on localhost only.";
  const { name, message } = error;
  if (name === "NotAllowedError") return "This page may not use the microphone. Allow it to.";
  if (name === "NotFoundError") return "There is no microphone.";
  return sentence(message);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");

$("button").addEventListener("click", () => {
  if (session) {
    session.stop();
  } else {
    session = new Session();
    session.start();
  }
});
