/**
 * A dashboard card: the forward curve of a GLocalFlex market, or of an area of it.
 *
 *   type: custom:glocalflex-forward-curve-card
 *   entity: sensor.glocalflex_best_ask   # any entity of the market's or the area's device
 *   title: Prices ahead                  # the device's name where it is left out
 */

// While it loads, Home Assistant puts another registry of elements, and another HTMLElement, in the
// place of the browser's own. What was made with those before is lost (home-assistant/frontend#53890).
await customElements.whenDefined("home-assistant");

const TYPE = "glocalflex-forward-curve-card";
const PLATFORM = "glocalflex";
const PRICE_UNIT = "EUR/kWh";
const POWER_UNITS = ["W", "kW", "MW", "GW"];
const SIDES = ["ask", "bid"];

/** Times are in milliseconds. A subscription that was refused is tried again after this one. */
const RETRY = 10_000;
const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
/** The time axis spans so much even if there is less to show. */
const LEAST_SPAN = 180 * MINUTE;
/** How far apart its ticks may be: whole parts of a day, so that midnight is always one. */
const TIME_STEPS = [15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * MINUTE);

/** The room that a label needs, in pixels. */
const TIME_LABEL = 72;
const PRICE_LABEL = 26;

const TEXTS = {
  en: {
    loading: "Loading…",
    unknown: "The order book is not known just now",
    empty: "No orders ahead",
    noEntity: (entity) => `There is no entity ${entity}`,
    noDevice: (entity) => `The entity ${entity} belongs to no device`,
    refused: "The market does not answer",
    drawing: (name, told) => `Forward curve of ${name}. ${told}`,
    ask: "Best ask",
    bid: "Best bid",
    askPower: "Offered",
    bidPower: "Wanted",
    none: "none",
  },
};

const STYLE = `
  :host { display: block; height: 100%; }
  [hidden] { display: none !important; }
  .ask { color: var(--glocalflex-ask-color, var(--error-color, #db4437)); }
  .bid { color: var(--glocalflex-bid-color, var(--success-color, #43a047)); }
  ha-card { display: flex; flex-direction: column; height: 100%; box-sizing: border-box; overflow: hidden; }
  .content { flex: 1; display: flex; flex-direction: column; min-height: 0; margin-top: -12px;
    padding: 0 16px 12px; container-type: inline-size; color: var(--primary-text-color); }
  .content.untitled { margin-top: 16px; }
  .message { flex: 1; display: grid; place-items: center; min-height: 120px; text-align: center;
    color: var(--secondary-text-color); }
  .readout { display: grid; grid-template-columns: repeat(3, max-content); gap: 0 6px; align-items: center;
    font-size: 14px; line-height: 22px; font-variant-numeric: tabular-nums; }
  .when { grid-column: 1 / -1; color: var(--secondary-text-color); }
  .value { font-weight: 500; text-align: right; min-width: 56px; }
  .line, .bar { justify-self: center; background: currentColor; border-radius: 1px; }
  .line { width: 16px; height: 3px; }
  .bar { width: 8px; height: 12px; opacity: .45; }
  @container (min-width: 320px) {
    .readout { grid-template-columns: repeat(6, max-content); }
    .bar { margin-left: 4px; }
  }
  @container (min-width: 920px) {
    .readout { grid-template-columns: minmax(190px, max-content) repeat(12, max-content); }
    .when { grid-column: auto; }
    .line.bid { margin-left: 24px; }
  }
  .plot { flex: 1 1 220px; position: relative; min-height: 100px; margin-top: 8px; }
  svg { position: absolute; inset: 0; overflow: visible; touch-action: pan-y; outline: none; }
  svg:focus-visible { outline: 2px solid var(--primary-color); outline-offset: 4px; border-radius: 4px; }
  text { fill: var(--secondary-text-color); font-size: 11px; font-variant-numeric: tabular-nums; }
  text.strong { fill: var(--primary-text-color); font-weight: 500; }
  .grid { stroke: var(--divider-color); shape-rendering: crispEdges; }
  .grid.strong { stroke: var(--secondary-text-color); stroke-opacity: .55; }
  .curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
  .depth { fill: currentColor; fill-opacity: .45; }
  .band { fill: var(--primary-text-color); fill-opacity: .08; }
  .cursor { stroke: var(--primary-text-color); stroke-opacity: .6; }
  .dot { fill: currentColor; stroke: var(--card-background-color, #fff); stroke-width: 2; }
`;

/** Make an HTML element; what is put into it as a string is text, whatever it says. */
function html(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/** Make an SVG element. */
function svg(tag, className, attributes, ...content) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries({ class: className, ...attributes })) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** Return how the user reads numbers, and times on Home Assistant's clock. */
function formatsFor({ locale, config }) {
  const { language, number_format: numbers, time_format: hours } = locale;
  const numberLanguage = {
    comma_decimal: "en-US", decimal_comma: "de", space_comma: "fr", quote_decimal: "de-CH",
    none: "en-US", language,
  }[numbers];
  const number = (options) =>
    new Intl.NumberFormat(numberLanguage, { useGrouping: numbers !== "none", ...options }).format;
  const time = (options) =>
    new Intl.DateTimeFormat(hours === "system" ? undefined : language, { timeZone: config.time_zone, ...options });

  const price = number({ minimumFractionDigits: 2, maximumFractionDigits: 4 });
  const power = number({ maximumSignificantDigits: 3 });
  const clock = { hour: "numeric", minute: "2-digit", hourCycle: { 12: "h12", 24: "h23" }[hours] };
  const window = time({ weekday: "short", ...clock });
  return {
    price: (value) => `${price(value)} ${PRICE_UNIT}`,
    /** The numbers of an axis have as many digits as their distance. */
    tick: (step) => {
      const digits = Math.max(-Math.floor(Math.log10(step) + 1e-9), 0);
      return number({ minimumFractionDigits: digits, maximumFractionDigits: digits });
    },
    power: (watts) => {
      const thousands = Math.floor(Math.log10(Math.min(Math.max(watts, 1), 1e9)) / 3 + 1e-9);
      return `${power(watts / 1000 ** thousands)} ${POWER_UNITS[thousands]}`;
    },
    time: time(clock).format,
    day: time({ weekday: "short", day: "numeric", month: "short" }).format,
    weekday: time({ weekday: "short" }).format,
    window: ({ start, end }) => window.formatRange(start, end),
  };
}

/** Turn a pushed curve into quarters of an hour. */
function quartersOf(curve) {
  return curve.best_ask.map(({ start, end, value }, index) => ({
    start: Date.parse(start),
    end: Date.parse(end),
    // What Home Assistant's clock shows then: the times come as its local ones.
    clock: Date.parse(`${start.slice(0, 16)}Z`),
    ask: value,
    bid: curve.best_bid[index].value,
    askPower: curve.ask_power[index].value,
    bidPower: curve.bid_power[index].value,
  }));
}

const hasPrice = ({ ask, bid }) => ask !== null || bid !== null;

/** Return the quarters up to the last that has anything: an empty tail tells nothing. */
function worthShowing(quarters) {
  const last = quarters.findLast((quarter) => hasPrice(quarter) || quarter.askPower || quarter.bidPower);
  const end = Math.max(last?.end ?? 0, (quarters[0]?.start ?? 0) + LEAST_SPAN);
  return quarters.filter((quarter) => quarter.end <= end);
}

/** Return the least number of so many digits and zeros that is not below a value. */
function roundUp(value, digits) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * (digits.find((digit) => digit * unit >= value * (1 - 1e-9)) ?? 10);
}

/** Return the round prices at the ticks of an axis of some height, and how far apart they are. */
function priceAxis(prices, height) {
  const low = Math.min(...prices);
  // Where prices are negative, it is of interest how far from zero they are.
  const high = Math.max(...prices, ...(low < 0 ? [0] : []));
  const room = Math.max(Math.floor(height / PRICE_LABEL), 1);
  const step = roundUp(Math.max((high - low) / room, Math.abs(high) / 100, 0.001), [1, 2, 5]);
  let [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  if (first === last) [first, last] = [first - 1, last + 1];
  return { step, ticks: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step) };
}

/** Return the path of a price that holds for a quarter at a time, and is away where there is none. */
function stepPath(quarters, side, x, y) {
  let path = "";
  let end = null;
  for (const quarter of quarters) {
    if (quarter[side] === null) continue;
    path += quarter.start === end ? `V${y(quarter[side])}` : `M${x(quarter.start)} ${y(quarter[side])}`;
    path += `H${x(quarter.end)}`;
    end = quarter.end;
  }
  return path;
}

/**
 * A subscription to a device's curve, which survives lost connections and refusals.
 *
 * The connection's own way of subscribing again gives up without a word where it is refused,
 * as by a Home Assistant that has just started and does not know the market yet.
 */
class CurveFeed {
  /** Follow a device. The listener is called with { curve }, { error }, or {} when nothing is known. */
  constructor(connection, deviceId, listener) {
    this.connection = connection;
    this.deviceId = deviceId;
    this._listener = listener;
    connection.addEventListener("ready", this._begin);
    connection.addEventListener("disconnected", this._lose);
    // Of a connection that is away nothing can be asked; it tells when it is ready.
    if (connection.connected) this._begin();
  }

  /** End for good. */
  close() {
    this.connection.removeEventListener("ready", this._begin);
    this.connection.removeEventListener("disconnected", this._lose);
    this._unsubscribe?.().catch(() => {}); // It fails where the connection goes first: all the same.
    this._forget();
  }

  /** Try at once what has been refused. */
  retry() {
    if (this._timer !== undefined) this._begin();
  }

  _begin = async () => {
    this._forget();
    const attempt = (this._attempt = {});
    const isCurrent = () => attempt === this._attempt;
    try {
      const unsubscribe = await this.connection.subscribeMessage(
        ({ curve }) => isCurrent() && this._listener({ curve }),
        { type: `${PLATFORM}/forward_curve/subscribe`, device_id: this.deviceId },
        { resubscribe: false },
      );
      if (isCurrent()) this._unsubscribe = unsubscribe;
      else await unsubscribe();
    } catch (error) {
      if (!isCurrent()) return;
      this._timer = setTimeout(this._begin, RETRY);
      this._listener({ error: error?.message ?? "" });
    }
  };

  _lose = () => {
    this._forget();
    this._listener({});
  };

  /** Forget the subscription without ending it: on another connection its number is another's. */
  _forget() {
    clearTimeout(this._timer);
    this._timer = this._attempt = this._unsubscribe = undefined;
  }
}

class ForwardCurveCard extends HTMLElement {
  /** Describe the form of the dashboard's editor. */
  static getConfigForm() {
    return {
      schema: [
        { name: "entity", required: true, selector: { entity: { filter: { integration: PLATFORM } } } },
        { name: "title", selector: { text: {} } },
      ],
    };
  }

  /** Propose a configuration: the best ask's, or what else there is. */
  static getStubConfig(hass) {
    const own = Object.values(hass.entities).filter((entity) => entity.platform === PLATFORM && entity.device_id);
    const entity = own.find(({ translation_key: key }) => key === "best_ask") ?? own[0];
    return { entity: entity?.entity_id ?? "" };
  }

  constructor() {
    super();
    this._message = html("div", "message");
    this._message.setAttribute("role", "status");
    this._readout = html("div", "readout");
    this._svg = svg("svg", "", { role: "img", tabindex: 0 });
    this._cursor = svg("g", "");
    this._plot = html("div", "plot", this._svg);
    this._content = html("div", "content", this._message, this._readout, this._plot);
    this._card = html("ha-card", "", this._content);
    this.attachShadow({ mode: "open" }).append(html("style", "", STYLE), this._card);
    this._resizes = new ResizeObserver(() => this._draw());

    const listeners = {
      pointermove: (event) => this._pick(this._quarterAt(event.clientX)),
      pointerdown: (event) => this._pick(this._quarterAt(event.clientX)),
      // A finger that is lifted leaves as well, but what it has picked stays to be read.
      pointerleave: (event) => event.pointerType === "mouse" && this._pick(),
      keydown: (event) => this._onKey(event),
      blur: () => this._pick(),
    };
    for (const [name, listener] of Object.entries(listeners)) this._svg.addEventListener(name, listener);
    this._take({});
  }

  /** Take the configuration; Home Assistant shows what is thrown. */
  setConfig(config) {
    if (!config.entity || typeof config.entity !== "string") throw new Error("An entity is required");
    this._config = config;
    this._follow();
  }

  /** Take Home Assistant's state, which comes anew whenever anything in it has changed. */
  set hass(hass) {
    const before = this._hass;
    this._hass = hass;
    const changed = (key) => hass[key] !== before?.[key];
    if (!["connection", "entities", "devices", "locale", "config"].some(changed)) return;
    this._texts = { ...TEXTS.en, ...TEXTS[hass.locale.language] };
    this._formats = formatsFor(hass);
    this._follow();
    if (changed("entities")) this._feed?.retry();
  }

  connectedCallback() {
    this._resizes.observe(this._plot);
    this._follow();
  }

  disconnectedCallback() {
    this._resizes.disconnect();
    this._follow();
  }

  /** Return the height in a masonry view, in units of 50 pixels. */
  getCardSize() {
    return 7;
  }

  /** Return the size in a sections view. */
  getGridOptions() {
    return { columns: 12, rows: 6, min_columns: 6, min_rows: 5 };
  }

  get _entity() {
    return this._hass?.entities?.[this._config?.entity];
  }

  /** Subscribe to the curve that is to be shown just now and to no other, and show it. */
  _follow() {
    const connection = this._hass?.connection;
    const deviceId = (this.isConnected && this._entity?.device_id) || undefined;
    if (this._feed?.deviceId !== deviceId || (this._feed && this._feed.connection !== connection)) {
      this._feed?.close();
      this._take({});
      this._feed = deviceId && new CurveFeed(connection, deviceId, (told) => this._take(told));
    }
    this._render();
  }

  /** Take what the subscription tells. */
  _take({ curve, error }) {
    this._curve = curve;
    this._error = error;
    this._quarters = curve ? quartersOf(curve) : [];
    this._shown = worthShowing(this._quarters);
    this._next = this._shown.find(hasPrice);
    this._render();
  }

  _render() {
    if (!this._hass || !this._config || !this.isConnected) return;
    const device = this._hass.devices?.[this._entity?.device_id];
    const name = device?.name_by_user || device?.name;
    const title = this._config.title ?? name;
    this._name = title || name;
    this._card.header = title || undefined;
    this._content.classList.toggle("untitled", !title);
    const reason = this._reasonForNothing();
    this._message.textContent = reason;
    this._message.hidden = !reason;
    this._readout.hidden = this._plot.hidden = Boolean(reason);
    this._draw();
  }

  _reasonForNothing() {
    const texts = this._texts;
    const { entity } = this._config;
    if (this._hass.entities && !this._entity) return texts.noEntity(entity);
    if (this._entity && !this._entity.device_id) return texts.noDevice(entity);
    if (this._error !== undefined) return this._error || texts.refused;
    if (this._curve === undefined) return texts.loading;
    if (this._curve === null) return texts.unknown;
    return this._next ? "" : texts.empty;
  }

  /** Draw prices, and below them the powers: offered upwards, wanted downwards. */
  _draw() {
    this._svg.replaceChildren();
    this._readout.replaceChildren();
    this._readout.setAttribute("aria-live", "off"); // What the keys pick is read out, not every change of a price.
    if (!this._next) return;
    this._tell(); // First, as it takes some of the room.
    const { clientWidth: width, clientHeight: height } = this._plot;
    if (!width) return;
    const [formats, quarters] = [this._formats, this._shown];
    const [start, end] = [quarters[0].start, quarters.at(-1).end];
    const [left, right, top, bottom] = [48, width - 12, 20, height - 20];
    const depthTop = bottom - Math.min(Math.max(height * 0.24, 40), 90);
    const priceBottom = depthTop - 18;

    const prices = quarters.flatMap(({ ask, bid }) => [ask, bid]).filter((price) => price !== null);
    const { step, ticks } = priceAxis(prices, priceBottom - top);
    const x = (time) => left + ((time - start) / (end - start)) * (right - left);
    const y = (price) => priceBottom - ((price - ticks[0]) / (ticks.at(-1) - ticks[0])) * (priceBottom - top);
    this._scales = { left, right, top, bottom, start, end, x, y };

    const line = (x1, y1, x2, y2, strong = "") => svg("line", `grid ${strong}`, { x1, y1, x2, y2 });
    const label = (text, at, level, anchor, strong = "") =>
      svg("text", strong, { x: at, y: level, "text-anchor": anchor }, text);
    const drawn = [label(PRICE_UNIT, 0, 8, "start")];

    const priceText = formats.tick(step);
    for (const tick of ticks) {
      drawn.push(line(left, y(tick), right, y(tick), tick === 0 && ticks[0] < 0 ? "strong" : ""));
      drawn.push(label(priceText(tick), left - 8, y(tick) + 4, "end"));
    }

    const timeStep = TIME_STEPS.find((each) => x(start + each) - left >= TIME_LABEL) ?? DAY;
    const dayText = x(start + DAY) - left >= TIME_LABEL ? formats.day : formats.weekday;
    for (const quarter of this._quarters) {
      if (quarter.start > end || quarter.clock % timeStep) continue;
      const [text, strong] = quarter.clock % DAY ? [formats.time, ""] : [dayText, "strong"];
      drawn.push(line(x(quarter.start), top, x(quarter.start), bottom + 4, strong));
      drawn.push(label(text(quarter.start), x(quarter.start), height - 3, "middle", strong));
    }

    const powers = quarters.flatMap(({ askPower, bidPower }) => [askPower, bidPower]);
    const most = roundUp(Math.max(1, ...powers), [1, 1.5, 2, 3, 4, 5, 6, 8]);
    const [middle, half] = [(depthTop + bottom) / 2, (bottom - depthTop) / 2];
    for (const level of [depthTop + 8, bottom]) drawn.push(label(formats.power(most), left - 8, level, "end"));
    for (const quarter of quarters) {
      const slot = x(quarter.end) - x(quarter.start);
      for (const side of SIDES) {
        const tall = (quarter[`${side}Power`] / most) * half;
        const box = { x: x(quarter.start), width: slot > 4 ? slot - 1 : slot, height: tall };
        drawn.push(svg("rect", `depth ${side}`, { ...box, y: side === "ask" ? middle - tall : middle }));
      }
    }
    drawn.push(line(left, middle, right, middle, "strong"));

    for (const side of SIDES) drawn.push(svg("path", `curve ${side}`, { d: stepPath(quarters, side, x, y) }));
    this._svg.append(...drawn, this._cursor);
    this._svg.setAttribute("width", width);
    this._svg.setAttribute("height", height);
    const told = SIDES.map((side) => `${this._texts[side]} ${this._priceText(this._next[side])}`);
    this._svg.setAttribute(
      "aria-label",
      this._texts.drawing(this._name, `${formats.window(this._next)}: ${told.join(", ")}`),
    );
    this._mark();
  }

  _priceText(price) {
    return price === null ? this._texts.none : this._formats.price(price);
  }

  /** The quarter that the user has picked, until it is over. */
  get _picked() {
    return this._shown.find(({ start }) => start === this._pickedStart);
  }

  _pick(quarter) {
    this._pickedStart = quarter?.start;
    if (!this._next) return;
    this._tell();
    this._mark();
  }

  /** Tell the figures of the picked quarter, or else of the next that has a price; it is the legend too. */
  _tell() {
    const quarter = this._picked ?? this._next;
    this._readout.replaceChildren(
      html("span", "when", this._formats.window(quarter)),
      ...SIDES.flatMap((side) => [
        html("span", `line ${side}`),
        html("span", "", this._texts[side]),
        html("span", "value", this._priceText(quarter[side])),
        html("span", `bar ${side}`),
        html("span", "", this._texts[`${side}Power`]),
        html("span", "value", this._formats.power(quarter[`${side}Power`])),
      ]),
    );
  }

  /** Mark the picked quarter in the drawing. */
  _mark() {
    this._cursor.replaceChildren();
    const picked = this._picked;
    if (!picked) return;
    const { x, y, top, bottom } = this._scales;
    const [from, to, at] = [picked.start, picked.end, (picked.start + picked.end) / 2].map(x);
    this._cursor.append(
      svg("rect", "band", { x: from, y: top, width: to - from, height: bottom - top }),
      svg("line", "cursor", { x1: at, y1: top, x2: at, y2: bottom }),
      ...SIDES.filter((side) => picked[side] !== null).map((side) =>
        svg("circle", `dot ${side}`, { cx: at, cy: y(picked[side]), r: 4.5 }),
      ),
    );
  }

  _quarterAt(clientX) {
    const { left, right, start, end } = this._scales;
    const share = (clientX - this._svg.getBoundingClientRect().left - left) / (right - left);
    const time = start + share * (end - start);
    return this._shown.find((quarter) => time < quarter.end) ?? this._shown.at(-1);
  }

  _onKey(event) {
    const [quarters, picked] = [this._shown, this._picked];
    // The first key picks what is told already.
    const beside = (by) => (picked ? quarters[quarters.indexOf(picked) + by] ?? picked : this._next);
    const keys = {
      ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1),
      Home: () => quarters[0],
      End: () => quarters.at(-1),
      Escape: () => undefined,
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    this._readout.setAttribute("aria-live", "polite");
    this._pick(keys[event.key]());
  }
}

// The module may come twice: by itself, and as a resource of the dashboard.
if (!customElements.get(TYPE)) {
  customElements.define(TYPE, ForwardCurveCard);
  (window.customCards ??= []).push({
    type: TYPE,
    name: "GLocalFlex forward curve",
    description: "Best ask, best bid and depth of the order book for the hours ahead",
    preview: true,
    getEntitySuggestion: (hass, entity) =>
      hass.entities[entity]?.platform === PLATFORM ? { config: { type: `custom:${TYPE}`, entity } } : null,
  });
}
