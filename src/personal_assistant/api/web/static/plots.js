// Plots: figures of this server, colours of the page's own style.
(async () => {
  const place = document.querySelector("[data-from]");
  if (!place || typeof uPlot === "undefined") return;
  const answer = await fetch(place.dataset.from);
  if (!answer.ok) return;
  const figures = await answer.json();
  const colour = (name) => {
    const probe = document.createElement("i");
    probe.className = "probe-" + name;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const took = (seconds) =>
    seconds < 1 ? Math.round(seconds * 1000) + " ms" : seconds < 120 ? Number(seconds.toPrecision(3)) + " s" : Math.round(seconds / 60) + " min";
  const count = (number) => (Number.isInteger(number) ? number.toLocaleString("en") : "");
  const percent = (number) => Number(number.toFixed(1)) + " %";
  const bytes = (number) => {
    const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(number, 1)) / 3)));
    return Number((number / 1000 ** power).toPrecision(3)) + " " + ["B", "kB", "MB", "GB", "TB"][power];
  };
  // Plot to how its figures are said, and its lines: name of the figures, colour, label.
  const kinds = {
    ended: {said: count, lines: [["succeeded", "good", "succeeded"], ["failed", "bad", "failed"]]},
    waited: {said: took, lines: [["waited", "main", "waited"]]},
    cpu: {said: percent, lines: [["cpu", "main", "busy"]]},
    own: {said: bytes, lines: [["own", "main", "held"]]},
    memory: {said: bytes, lines: [["available", "main", "available"]]},
    disk: {said: bytes, lines: [["free", "main", "free"]]},
    database: {said: bytes, lines: [["database", "main", "size"]]},
  };
  const draw = () => {
    for (const element of place.querySelectorAll("[data-plot]")) {
      const {said, lines} = kinds[element.dataset.plot];
      const axis = {stroke: colour("soft"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
      const value = (_, it) => (it == null ? "–" : said(it));
      element.replaceChildren();
      new uPlot({
        width: element.clientWidth,
        height: 200,
        tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), figures.zone),
        cursor: {drag: {setScale: false}},
        scales: {y: {range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1]}},
        axes: [
          {...axis, values: [[86400, "{D} {MMM}", null, null, null, null, null, null, 1], [60, "{HH}:{mm}", "\n{D} {MMM}", null, null, null, null, null, 1], [0.001, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, null, null, null, null, 1]]},
          {...axis, size: 64, values: (_, all) => all.map(said)},
        ],
        series: [
          {label: "Time", value: "{D} {MMM} {HH}:{mm}"},
          ...lines.map(([, name, label]) => ({
            label, value, stroke: colour(name), width: 2, spanGaps: true,
            points: {show: figures.times.length < 100, size: 5, fill: colour(name)},
          })),
        ],
      }, [figures.times, ...lines.map(([name]) => figures[name])], element);
    }
  };
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) { width = place.clientWidth; draw(); }
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
