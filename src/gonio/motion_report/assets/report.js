// Film, skeleton and curves share one clock: whoever is moved by the reader moves the others.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- Light and dark -------------------------------------------------------------------------
  const theme = $("#theme");
  const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  if (theme) {
    theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
    nameTheme();
  }

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // --- Hints ----------------------------------------------------------------------------------
  const tip = $("#tip");
  const hint = (pointer) => {
    // All that lies under the pointer: both sides may be excluded at once.
    const texts = document.elementsFromPoint(pointer.clientX, pointer.clientY)
      .map((element) => element.closest("[data-tip]")?.dataset.tip).filter(Boolean);
    tip.hidden = !texts.length;
    if (!texts.length) return;
    tip.textContent = [...new Set(texts)].join("; ");
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${clamp(pointer.clientX + 12, 4, innerWidth - width - 4)}px`;
    tip.style.top = `${pointer.clientY - height - 14 < 4 ? pointer.clientY + 18 : pointer.clientY - height - 14}px`;
  };
  document.addEventListener("pointermove", hint);
  document.addEventListener("pointerdown", hint);
  document.addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

  // --- What is shown --------------------------------------------------------------------------
  const block = $("#report-data"); // a report on progress has none, and no film
  if (!block) return;
  const data = JSON.parse(block.textContent);
  const { times } = data;
  const first = times[0] ?? 0, last = times[times.length - 1] ?? 0;
  const curves = new Map(data.curves.map((curve) => [curve.key, curve]));

  /** Index of the last of sorted `list` that is not after `t`; at least 0. */
  const indexBefore = (list, t) => {
    let low = 0, high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle] <= t) low = middle; else high = middle - 1;
    }
    return low;
  };
  const nearestIndex = (list, t) => {
    const i = indexBefore(list, t);
    return i + 1 < list.length && list[i + 1] - t < t - list[i] ? i + 1 : i;
  };

  // --- The film -------------------------------------------------------------------------------
  const video = $("#stage video"), canvas = $("#stage canvas"), film = $("#film");
  if (video && film) {
    const bytes = Uint8Array.from(atob(film.textContent), (letter) => letter.charCodeAt(0));
    film.remove();
    video.src = URL.createObjectURL(new Blob([bytes], { type: "video/mp4" }));
  }
  if (data.size[1] > data.size[0]) $(".watch").classList.add("upright");

  // --- The skeleton ---------------------------------------------------------------------------
  let person = 0;
  const ABSENT = "0", TRUSTED = "2";
  function drawPerson(pen, one, frame, width) {
    const xy = one.xy[frame], state = one.state[frame];
    const at = (k) => [xy[2 * k] / 10, xy[2 * k + 1] / 10];
    data.overlay.links.forEach(([a, b], i) => {
      if (state[a] === ABSENT || state[b] === ABSENT) return;
      const sure = state[a] === TRUSTED && state[b] === TRUSTED;
      for (const [colour, extra] of [["#0b0d10", 1.6], [data.overlay.linkColours[i], 0]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = width + extra;
        pen.globalAlpha = sure ? 1 : 0.35;
        pen.beginPath(); pen.moveTo(...at(a)); pen.lineTo(...at(b)); pen.stroke();
      }
    });
    data.overlay.colours.forEach((colour, k) => {
      if (state[k] === ABSENT) return;
      pen.globalAlpha = 1;
      pen.lineWidth = 1.6;
      pen.beginPath(); pen.arc(...at(k), width * 0.85, 0, 7);
      pen.fillStyle = state[k] === TRUSTED ? colour : "#0b0d10"; // hollow: not measured with
      pen.strokeStyle = state[k] === TRUSTED ? "#fff" : colour;
      pen.fill(); pen.stroke();
    });
  }
  function draw(t) {
    const density = clamp(devicePixelRatio || 1, 1, 2), [width, height] = data.size;
    if (canvas.width !== width * density) { canvas.width = width * density; canvas.height = height * density; }
    const pen = canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!data.overlay || !$("#skeleton").checked) return;
    pen.lineCap = "round";
    const frame = indexBefore(times, t + 1e-3);
    for (const one of data.overlay.people) {
      const chosen = !data.tracks.length || one.id === data.tracks[person];
      drawPerson(pen, one, frame, (chosen ? 0.006 : 0.003) * Math.hypot(width, height) + 0.6);
    }
  }

  // --- The clock ------------------------------------------------------------------------------
  let now = first, playing = false, wall = 0;
  const seek = $("#seek");
  const span = (timeline) => [Number(timeline.dataset.low), Number(timeline.dataset.high)];
  /** Show the moment `t` (s of the recording) everywhere; `move` tells the film to go there too. */
  function show(t, move = true) {
    const bounds = all(".timeline").map(span).concat(times.length ? [[first, last]] : []);
    now = clamp(t, Math.min(...bounds.map((b) => b[0])), Math.max(...bounds.map((b) => b[1])));
    // Aimed into the middle of a frame: its edge might give the one before.
    if (move && video) video.currentTime = clamp(now - first + 0.002, 0, last - first);
    const outside = times.length && (now < first - 0.05 || now > last + 0.05);
    $("#clock").textContent = outside ? `${now.toFixed(2)} s (not in film)` : `${now.toFixed(2)} s`;
    if (last > first) seek.value = 1000 * clamp((now - first) / (last - first), 0, 1);
    seek.setAttribute("aria-valuetext", `${now.toFixed(2)} seconds`);
    for (const timeline of all(".timeline")) {
      const [low, high] = span(timeline), place = `${(100 * (now - low)) / (high - low)}%`;
      for (const cursor of all(".cursor", timeline)) { cursor.setAttribute("x1", place); cursor.setAttribute("x2", place); }
    }
    for (const output of all("output[data-key]")) output.textContent = reading(curves.get(output.dataset.key));
    draw(now);
  }
  /** What a curve says at the present moment. */
  function reading(curve) {
    const i = nearestIndex(curve.t, now), value = curve.v[i], sd = curve.sd[i];
    if (value === null || Math.abs(curve.t[i] - now) > 1) return "–";
    const number = (x) => (Math.abs(x) < 10 && !curve.unit.startsWith("°") ? x.toFixed(2) : x.toFixed(1)).replace("-", "−");
    if (curve.ok[i] === "0") return `(${number(value)}${curve.unit}) excluded`;
    if (sd === null) return `${number(value)}${curve.unit}`;
    return `${number(value)}${curve.unit.startsWith("°") ? curve.unit : ""} ± ${number(sd)}${curve.unit}`;
  }
  function play(on) {
    playing = on && last > first;
    $("#play").textContent = playing ? "Pause" : "Play";
    if (video) { if (playing) video.play(); else video.pause(); }
    if (!playing) return;
    if (now >= last - 0.02 || now < first) show(first);
    wall = performance.now();
    requestAnimationFrame(tick);
  }
  function tick(stamp) {
    if (!playing) return;
    const speed = Number($("#speed").value);
    const t = video ? first + video.currentTime : now + (speed * (stamp - wall)) / 1000;
    wall = stamp;
    show(t, false);
    if (video ? video.ended : now >= last) play(false); else requestAnimationFrame(tick);
  }
  const step = (frames) => { play(false); show(times[clamp(nearestIndex(times, now) + frames, 0, times.length - 1)] ?? now); };

  $("#play").addEventListener("click", () => play(!playing));
  $("#back").addEventListener("click", () => step(-1));
  $("#on").addEventListener("click", () => step(1));
  $("#speed").addEventListener("change", (change) => { if (video) video.playbackRate = Number(change.target.value); });
  $("#skeleton").addEventListener("change", () => draw(now));
  $("#stage").addEventListener("click", () => play(!playing));
  seek.addEventListener("input", () => { play(false); show(first + (seek.value / 1000) * (last - first)); });
  if (video) {
    video.addEventListener("loadeddata", () => show(now));
    video.addEventListener("seeked", () => draw(now));
  }
  for (const jump of all("[data-t]")) {
    jump.addEventListener("click", () => {
      play(false);
      show(Number(jump.dataset.t));
      if (jump.tagName === "BUTTON") $(".player").scrollIntoView({ block: "nearest" });
    });
  }

  // --- Scrubbing ------------------------------------------------------------------------------
  for (const plot of all(".plot")) {
    const area = $(".area", plot), timeline = plot.closest(".timeline");
    const follow = (pointer) => {
      const box = area.getBoundingClientRect(), [low, high] = span(timeline);
      play(false);
      show(low + clamp((pointer.clientX - box.left) / box.width, 0, 1) * (high - low));
    };
    area.addEventListener("pointerdown", (pointer) => { area.setPointerCapture(pointer.pointerId); follow(pointer); });
    area.addEventListener("pointermove", (pointer) => { if (pointer.buttons & 1) follow(pointer); });
    plot.addEventListener("keydown", (key) => {
      const events = all(".spot", timeline).map((spot) => Number(spot.dataset.t)).sort((a, b) => a - b);
      const earlier = events.filter((t) => t < now - 1e-4).pop(), later = events.find((t) => t > now + 1e-4);
      const action = {
        ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => show(first), End: () => show(last),
        PageUp: () => show(earlier ?? now), PageDown: () => show(later ?? now), " ": () => play(!playing),
      }[key.key];
      if (action) { key.preventDefault(); action(); }
    });
  }

  addEventListener("beforeprint", () => { for (const more of all("details")) more.open = true; });

  // --- People ---------------------------------------------------------------------------------
  const choose = (chosen) => {
    person = chosen;
    for (const part of all(".of-person")) part.hidden = Number(part.dataset.of) !== chosen;
    for (const button of all("[data-person]")) button.setAttribute("aria-pressed", String(Number(button.dataset.person) === chosen));
    show(now);
  };
  for (const button of all("[data-person]")) button.addEventListener("click", () => choose(Number(button.dataset.person)));
  choose(0);
})();
