// How a page that nobody looks at calls: the tab's icon, a sound, a notification. The last two only after a
// click that asked for them.

const icon = () => document.querySelector('link[rel="icon"]');
let plain = null;

/** Shows a short text on the tab's icon; null shows the icon as it is. */
export function badge(text) {
  const link = icon();
  plain ??= link.href;
  if (text === null) {
    link.href = plain;
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  const isTurn = text === "!";
  pen.fillStyle = isTurn ? "#0b6b43" : "#4338ca";
  pen.beginPath();
  pen.roundRect(0, 0, 64, 64, 16);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = `800 ${text.length > 2 ? 28 : text.length > 1 ? 38 : 46}px system-ui, sans-serif`;
  pen.fillText(text, 32, 35, 60);
  link.href = canvas.toDataURL("image/png");
}

/** What fits on an icon: 7, 42, 999, 1k, 99k. */
export const short = (n) => (n < 1000 ? String(n) : n < 100_000 ? `${Math.floor(n / 1000)}k` : "…");

let sound = null;

/** Whether this browser can make a sound by itself. */
export const canSound = () => "AudioContext" in window;

/** Switches the sound on, from a click; it is heard once, so that one knows it. */
export async function soundOn() {
  sound ??= new AudioContext();
  await sound.resume();
  chime(0.4);
}

/** Three rising tones, where the sound is on. */
export function chime(loud = 1) {
  if (sound?.state !== "running") return;
  [659.3, 784, 1046.5].forEach((hertz, at) => {
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    const start = sound.currentTime + at * 0.18;
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.25 * loud, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
    tone.connect(volume).connect(sound.destination);
    tone.start(start);
    tone.stop(start + 0.55);
  });
}

/** Whether this browser can show notifications here, and was not told to show none. */
export const canNotify = () =>
  "Notification" in window && isSecureContext && Notification.permission !== "denied";

/** Asks for the right to notify, from a click. */
export const askToNotify = async () => (await Notification.requestPermission()) === "granted";

/** A notification that leads back to this page. */
export function notify(title, body) {
  try {
    const note = new Notification(title, { body, tag: location.pathname, requireInteraction: true });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  } catch {
    // Phones show them only for a service worker; the sound and the tab are left.
  }
}
