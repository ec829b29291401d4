// The two plots of «Workers & queues»: figures of this server, colours of the page's own style.
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
    seconds == null ? "–" : seconds < 1 ? Math.round(seconds * 1000) + " ms" : seconds < 120 ? Number(seconds.toPrecision(3)) + " s" : Math.round(seconds / 60) + " min";
  const kinds = {
    ended: [["succeeded", "good"], ["failed", "bad"]],
    waited: [["waited", "main"]],
  };
  const draw = () => {
    for (const element of place.querySelectorAll("[data-plot]")) {
      const kind = element.dataset.plot;
      const axis = {stroke: colour("soft"), grid: {stroke: colour("line"), width: 1}, ticks: {stroke: colour("line"), width: 1}};
      const value = (_, it) => (kind === "waited" ? took(it) : it ?? "–");
      element.replaceChildren();
      new uPlot({
        width: element.clientWidth,
        height: 200,
        tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1000), figures.zone),
        cursor: {drag: {setScale: false}},
        scales: {y: {range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1]}},
        axes: [
          {...axis, values: [[86400, "{D} {MMM}", null, null, null, null, null, null, 1], [3600, "{HH}:{mm}", "\n{D} {MMM}", null, null, null, null, null, 1]]},
          {...axis, size: 64, values: (_, all) => all.map((it) => (kind === "waited" ? took(it) : Number.isInteger(it) ? it.toLocaleString("en") : ""))},
        ],
        series: [
          {label: "Hour", value: "{D} {MMM} {HH}:{mm}"},
          ...kinds[kind].map(([label, name]) => ({
            label, value, stroke: colour(name), width: 2, spanGaps: true, points: {show: true, size: 5, fill: colour(name)},
          })),
        ],
      }, [figures.hours, ...kinds[kind].map(([name]) => figures[name])], element);
    }
  };
  draw();
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth !== width) { width = place.clientWidth; draw(); }
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
