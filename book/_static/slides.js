// Starts the slides once the formulas are set, and makes what is too large for its slide smaller.
const WIDTH = 1280, HEIGHT = 720;

function fit(slide) {
  const shown = slide && slide.querySelector(":scope > .shown");
  if (!shown || shown.dataset.fitted) return;
  const room = HEIGHT - 24 - shown.offsetTop;
  let zoom = 1;
  // smaller letters break lines elsewhere: a few rounds find the size
  for (let round = 0; round < 6; round++) {
    const tall = shown.scrollHeight * zoom / room, wide = shown.scrollWidth / shown.clientWidth;
    if (Math.max(tall, wide) <= 1) break;
    zoom *= Math.max(0.9 / Math.max(tall, wide), 0.7);
    shown.style.zoom = zoom;
  }
  shown.dataset.fitted = zoom.toFixed(2);
}

async function start() {
  await MathJax.startup.promise;
  // sections of statements would be taken for slides
  for (const inner of document.querySelectorAll(".shown section")) {
    const box = document.createElement("div");
    box.className = inner.className;
    box.append(...inner.childNodes);
    inner.replaceWith(box);
  }
  await Reveal.initialize({
    width: WIDTH, height: HEIGHT, margin: 0.03, minScale: 0.1, maxScale: 3, center: false, hash: true, slideNumber: "c/t",
    transition: "none", plugins: [RevealNotes],
  });
  Reveal.on("slidechanged", (event) => fit(event.currentSlide));
  fit(Reveal.getCurrentSlide());
}
window.started = start();
