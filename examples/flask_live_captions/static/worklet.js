// Microphone → 16-bit samples at 16 kHz, mono, in pieces of 50 ms. Runs on the audio thread.

const RATE = 16000;
const PIECE = RATE / 20;

class Samples extends AudioWorkletProcessor {
  piece = new Int16Array(PIECE);
  filled = 0;

  // How many samples of the microphone make one of ours: 1 where the page's AudioContext could be
  // had at 16 kHz, 3 at 48 kHz, 2.75625 at 44.1 kHz. Each of ours is their mean.
  step = sampleRate / RATE;
  sum = 0;
  weight = 0;

  process([[input]]) {
    for (const sample of input ?? []) this.take(sample);
    return true; // stay alive
  }

  take(sample) {
    let left = 1;
    while (this.weight + left >= this.step) {
      const part = this.step - this.weight;
      this.give((this.sum + part * sample) / this.step);
      left -= part;
      this.sum = this.weight = 0;
    }
    this.sum += left * sample;
    this.weight += left;
  }

  give(value) {
    this.piece[this.filled++] = Math.round(32767 * Math.max(-1, Math.min(1, value)));
    if (this.filled === PIECE) {
      this.port.postMessage(this.piece);
      this.piece = new Int16Array(PIECE);
      this.filled = 0;
    }
  }
}

registerProcessor("samples", Samples);
