"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const runs = data.runs;
  const PAGE = 100; // rows of a table at a time
  const FILTERS = ["problem", "formulation", "solver", "status"];
  const LONG = ["message", "flag_texts"];
  document.documentElement.classList.add("js");

  const element = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // Missing values come last in either direction; numbers before texts.
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true }));
  const isMissing = (value) => value === null || value === undefined || value === "" || value === "–";
  const ordered = (places, valueOf, descending) =>
    places.sort((i, j) => {
      const a = valueOf(i), b = valueOf(j);
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b) || i - j;
      return (descending ? compare(b, a) : compare(a, b)) || i - j;
    });

  // Tables that stand in the page as text.
  const readCell = (text) => {
    const number = text === "∞" ? Infinity : Number(text.replace(/[<>%,]/g, ""));
    return text.trim() !== "" && !Number.isNaN(number) ? number : text;
  };
  const valueOf = (cell) => cell.dataset.value ?? cell.textContent;
  for (const table of document.querySelectorAll("table.sortable")) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((_, column) => {
      const cells = [...table.tBodies[0].rows].map((row) => row.cells[column]);
      if (cells.some((cell) => typeof readCell(valueOf(cell)) === "number")) cells.forEach((cell) => cell.classList.add("number"));
    });
    headers.forEach((header, column) => {
      header.firstElementChild.addEventListener("click", () => {
        const descending = header.getAttribute("aria-sort") === "ascending";
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        header.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        const values = rows.map((row) => readCell(valueOf(row.cells[column])));
        table.tBodies[0].append(...ordered(rows.map((_, k) => k), (k) => values[k], descending).map((k) => rows[k]));
      });
    });
  }

  // The table of runs: filtered, sorted, and a page at a time.
  const column = (name) => runs.columns[runs.names.indexOf(name)] || [];
  const numRuns = runs.columns.length ? runs.columns[0].length : 0;
  let searchable = null; // made when first searched
  const textOf = (i) => {
    searchable = searchable || Array.from({ length: numRuns }, (_, k) => runs.columns.map((values) => values[k] ?? "").join(" ").toLowerCase());
    return searchable[i];
  };
  const makeRuns = (place) => {
    const fixed = place.dataset.column ? column(place.dataset.column) : null;
    const own = Array.from({ length: numRuns }, (_, i) => i).filter((i) => !fixed || fixed[i] === place.dataset.value);
    if (!own.length) {
      place.append(element("p", { className: "missing", textContent: "There are no runs yet." }));
      return;
    }
    const isNumeric = runs.columns.map((values) => values.some((value) => typeof value === "number"));
    const shown = runs.names.map((_, k) => k).filter((k) => runs.names[k] !== place.dataset.column);
    const state = { text: "", sort: null, descending: false, from: 0, picks: {} };
    const search = element("input", { type: "search", placeholder: "Search all columns", ariaLabel: "Search all columns" });
    const picks = FILTERS.filter((name) => name !== place.dataset.column).map((name) => {
      const values = [...new Set(own.map((i) => column(name)[i]))].filter((value) => !isMissing(value)).sort(compare);
      const pick = element("select", { ariaLabel: name }, element("option", { value: "", textContent: `every ${name}` }), ...values.map((value) => element("option", { value, textContent: value })));
      pick.addEventListener("change", () => { state.picks[name] = pick.value; state.from = 0; draw(); });
      return pick;
    });
    const count = element("span", { className: "note", role: "status" });
    const back = element("button", { type: "button", textContent: "‹ back" });
    const next = element("button", { type: "button", textContent: "next ›" });
    const headers = shown.map((k) => {
      const button = element("button", { type: "button", textContent: runs.headers[k] });
      button.addEventListener("click", () => {
        state.descending = state.sort === k && !state.descending;
        state.sort = k;
        state.from = 0;
        draw();
      });
      return element("th", { scope: "col" }, button);
    });
    const body = element("tbody");
    search.addEventListener("input", () => { state.text = search.value.toLowerCase(); state.from = 0; draw(); });
    back.addEventListener("click", () => { state.from -= PAGE; draw(); });
    next.addEventListener("click", () => { state.from += PAGE; draw(); });
    const draw = () => {
      const chosen = Object.entries(state.picks).filter(([, value]) => value).map(([name, value]) => [column(name), value]);
      let rows = own.filter((i) => chosen.every(([values, value]) => values[i] === value) && (!state.text || textOf(i).includes(state.text)));
      if (state.sort !== null) rows = ordered(rows, (i) => runs.columns[state.sort][i], state.descending);
      headers.forEach((header, place) => {
        header.removeAttribute("aria-sort");
        if (shown[place] === state.sort) header.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      });
      body.replaceChildren(...rows.slice(state.from, state.from + PAGE).map((i) => element("tr", {}, ...shown.map((k) => {
        const value = runs.columns[k][i];
        const cell = element("td", { textContent: isMissing(value) ? "–" : value });
        if (isNumeric[k]) cell.className = "number";
        else if (LONG.includes(runs.names[k])) Object.assign(cell, { className: "long", title: value ?? "" });
        return cell;
      }))));
      const last = Math.min(state.from + PAGE, rows.length);
      count.textContent = rows.length ? `${state.from + 1}–${last} of ${rows.length} ${rows.length === 1 ? "run" : "runs"}` : "no run fits";
      back.disabled = state.from === 0;
      next.disabled = last >= rows.length;
    };
    place.append(
      element("div", { className: "filters" }, search, ...picks),
      element("div", { className: "filters" }, back, next, count),
      element("div", { className: "scroll" }, element("table", {}, element("thead", {}, element("tr", {}, ...headers)), body)),
    );
    draw();
  };

  // Figures are drawn when they come into sight.
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const themed = () => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", "font.color": color("--text"),
    "xaxis.gridcolor": color("--line"), "yaxis.gridcolor": color("--line"),
    "xaxis.linecolor": color("--soft"), "yaxis.linecolor": color("--soft"),
  });
  const drawn = [];
  const hasPointer = matchMedia("(hover: hover)").matches; // the bar of tools needs one, and stands above the axes
  const drawChart = (place) => {
    const panels = data.charts[place.dataset.chart].panels;
    if (panels.length % 2 === 0) place.classList.add("pairs");
    for (const panel of panels) {
      const plot = element("div", { className: "plot" });
      place.append(element("div", { className: "panel" }, element("h4", { textContent: panel.title, hidden: !panel.title }), plot));
      // Room below the axis for as many rows as the legend will have.
      const names = panel.data.filter((trace) => trace.showlegend).map((trace) => trace.name.length);
      const perRow = Math.max(1, Math.floor(plot.clientWidth / (55 + 6.5 * Math.max(0, ...names))));
      const below = 50 + (panel.layout.showlegend ? 19 * Math.ceil(names.length / perRow) : 0);
      // Long names below the axis take their room from the axes, so the figure gets that much higher.
      const labels = panel.layout.xaxis?.ticktext ?? [];
      const isSteep = new Set(labels).size * 60 > plot.clientWidth;
      const namesPx = (isSteep ? 6.2 : 3.6) * Math.max(0, ...labels.map((label) => Math.min(28, String(label).length)));
      const layout = {
        height: 254 + below + namesPx, ...panel.layout, margin: { l: 55, r: 10, t: 34, b: below }, hovermode: "closest", autosize: true,
        font: { size: 12, family: "system-ui, sans-serif" },
        legend: { orientation: "h", yref: "container", yanchor: "bottom", y: 0, font: { size: 11 } },
      };
      Plotly.newPlot(plot, panel.data, layout, { responsive: true, displaylogo: false, displayModeBar: hasPointer ? "hover" : false }).then(() => Plotly.relayout(plot, themed()));
      drawn.push(plot);
    }
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        watcher.unobserve(entry.target);
        drawChart(entry.target);
      }
    }
  }, { rootMargin: "200px" });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((plot) => Plotly.relayout(plot, themed())));

  // Pages: the address after # says which one is open.
  const opened = new Set();
  const open = () => {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const page = wanted && wanted.classList.contains("page") ? wanted : document.getElementById("overview");
    for (const other of document.querySelectorAll(".page.open")) other.classList.remove("open");
    page.classList.add("open");
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${page.id}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!opened.has(page)) {
      opened.add(page);
      page.querySelectorAll(".runs").forEach(makeRuns);
      page.querySelectorAll("[data-chart]").forEach((place) => watcher.observe(place));
    }
    scrollTo(0, 0);
  };
  addEventListener("hashchange", open);
  open();

  // Served from a store that is being written: load again when it has changed.
  if (data.version !== null) {
    setInterval(async () => {
      try {
        const answer = await fetch("version", { cache: "no-store" });
        if (answer.ok && (await answer.text()) !== data.version) location.reload();
      } catch { /* the server has ended; what is here stays */ }
    }, 3000);
  }
})();
