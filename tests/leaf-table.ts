/**
 * What every engine must read: a JSON literal, and the value that each column type takes of it. All other types find it bad.
 * The values are known from the definitions and from what two engines were seen to give, not computed by code of ours:
 * integers as bigint, DOUBLE as number, NUMERIC as text at its scale, days and instants as text (`YYYY-MM-DD`, `YYYY-MM-DDTHH:MM:SS.ffffffZ`).
 */
export const LEAF_TYPES = [
  "BIGINT",
  "INT",
  "BOOLEAN",
  "DATE",
  "TIMESTAMPTZ",
  "DOUBLE",
  "NUMERIC(10,3)",
  "NUMERIC(38,10)",
  "VARCHAR(5)",
  "TEXT",
] as const;
export type LeafTypeName = (typeof LEAF_TYPES)[number];
export type KnownValue = bigint | number | boolean | string;

export interface LeafCase {
  /** As it stands in a body. */
  readonly json: string;
  /** The text that a column reads; null: there is no value. A number's text is what it is written as. */
  readonly text: string | null;
  readonly takes: Readonly<Partial<Record<LeafTypeName, KnownValue>>>;
  /** Types about which engines say different things or say them in different words: not to be compared. */
  readonly open: readonly LeafTypeName[];
}

interface Known {
  readonly big?: bigint;
  /** INT, where it takes the same integer. */
  readonly int?: boolean;
  readonly bool?: boolean;
  readonly date?: string;
  readonly time?: string;
  readonly double?: number;
  /** At scale 3 and at scale 10; null: too large. */
  readonly num?: readonly [string | null, string | null];
}

function taken({ big, int, bool, date, time, double, num }: Known, text: string | null): LeafCase["takes"] {
  const [short, long] = num ?? [null, null];
  return {
    ...(big === undefined ? {} : { BIGINT: big }),
    ...(big === undefined || int === false ? {} : { INT: big }),
    ...(bool === undefined ? {} : { BOOLEAN: bool }),
    ...(date === undefined ? {} : { DATE: date }),
    ...(time === undefined ? {} : { TIMESTAMPTZ: time }),
    ...(double === undefined ? {} : { DOUBLE: double }),
    ...(short === null ? {} : { "NUMERIC(10,3)": short }),
    ...(long === null ? {} : { "NUMERIC(38,10)": long }),
    ...(text === null || Array.from(text).length > 5 ? {} : { "VARCHAR(5)": text }),
    ...(text === null ? {} : { TEXT: text }),
  };
}

/** A JSON string: TEXT takes it as it is. */
function string(text: string, known: Known = {}, json: string = JSON.stringify(text)): LeafCase {
  return { json, text, takes: taken(known, text), open: [] };
}

/** A JSON literal that is no string. `text`: what every engine shows of it; null where they show it in different ways. */
function literal(json: string, text: string | null, known: Known, open: readonly LeafTypeName[] = []): LeafCase {
  return { json, text: json, takes: taken(known, text), open: [...(text === null ? (["VARCHAR(5)", "TEXT"] as const) : []), ...open] };
}

const whole = (n: bigint): Known => ({ big: n, double: Number(n), num: [`${n.toString()}.000`, `${n.toString()}.0000000000`] });

export const LEAF_TABLE: readonly LeafCase[] = [
  // No value at all.
  { json: "null", text: null, takes: {}, open: [] },

  // Numbers without fraction and exponent.
  literal("12", "12", whole(12n)),
  literal("0", "0", whole(0n)),
  literal("1", "1", whole(1n)),
  literal("-1", "-1", whole(-1n)),
  literal("-0", "0", { big: 0n, double: 0, num: ["0.000", "0.0000000000"] }),
  literal("2147483647", "2147483647", { big: 2147483647n, double: 2147483647, num: [null, "2147483647.0000000000"] }),
  literal("2147483648", "2147483648", { big: 2147483648n, int: false, double: 2147483648, num: [null, "2147483648.0000000000"] }),
  literal("-2147483648", "-2147483648", { big: -2147483648n, double: -2147483648, num: [null, "-2147483648.0000000000"] }),
  literal("-2147483649", "-2147483649", { big: -2147483649n, int: false, double: -2147483649, num: [null, "-2147483649.0000000000"] }),
  literal("9007199254740993", "9007199254740993", {
    big: 9007199254740993n,
    int: false,
    double: 9007199254740992,
    num: [null, "9007199254740993.0000000000"],
  }),
  literal("9223372036854775807", "9223372036854775807", {
    big: 9223372036854775807n,
    int: false,
    double: 2 ** 63,
    num: [null, "9223372036854775807.0000000000"],
  }),
  literal("9223372036854775808", "9223372036854775808", { double: 9223372036854775808, num: [null, "9223372036854775808.0000000000"] }),
  literal("-9223372036854775808", "-9223372036854775808", {
    big: -9223372036854775808n,
    int: false,
    double: -9223372036854775808,
    num: [null, "-9223372036854775808.0000000000"],
  }),
  literal("12345678901234567890", "12345678901234567890", {
    double: Number("12345678901234567890"),
    num: [null, "12345678901234567890.0000000000"],
  }),
  literal("20240712", "20240712", { big: 20240712n, double: 20240712, num: [null, "20240712.0000000000"] }),
  literal("1720825841", "1720825841", { big: 1720825841n, double: 1720825841, num: [null, "1720825841.0000000000"] }),

  // Numbers with a fraction or an exponent: no integer, whatever they are equal to.
  literal("12.0", "12.0", { double: 12, num: ["12.000", "12.0000000000"] }),
  literal("12.5", "12.5", { double: 12.5, num: ["12.500", "12.5000000000"] }),
  literal("-12.5", "-12.5", { double: -12.5, num: ["-12.500", "-12.5000000000"] }),
  literal("-0.0", "-0.0", { double: -0, num: ["0.000", "0.0000000000"] }),
  literal("0.1", "0.1", { double: 0.1, num: ["0.100", "0.1000000000"] }),
  literal("1.10", "1.1", { double: 1.1, num: ["1.100", "1.1000000000"] }),
  literal("100.000", "100.0", { double: 100, num: ["100.000", "100.0000000000"] }),
  literal("0.30000000000000004", "0.30000000000000004", { double: 0.30000000000000004, num: ["0.300", "0.3000000000"] }),
  literal("1e3", "1000.0", { double: 1000, num: ["1000.000", "1000.0000000000"] }),
  literal("1E+3", "1000.0", { double: 1000, num: ["1000.000", "1000.0000000000"] }),
  literal("0.1e1", "1.0", { double: 1, num: ["1.000", "1.0000000000"] }),
  literal("4.35", "4.35", { double: 4.35, num: ["4.350", "4.3500000000"] }),
  literal("1.005", "1.005", { double: 1.005, num: ["1.005", "1.0050000000"] }),
  literal("2.675", "2.675", { double: 2.675, num: ["2.675", "2.6750000000"] }),
  literal("1.0005", "1.0005", { double: 1.0005, num: ["1.001", "1.0005000000"] }),
  literal("1.0015", "1.0015", { double: 1.0015, num: ["1.002", "1.0015000000"] }),
  literal("-1.0005", "-1.0005", { double: -1.0005, num: ["-1.001", "-1.0005000000"] }),
  literal("1234567.8915", "1234567.8915", { double: 1234567.8915, num: ["1234567.892", "1234567.8915000000"] }),
  literal("1234567.8925", "1234567.8925", { double: 1234567.8925, num: ["1234567.893", "1234567.8925000000"] }),
  literal("12345678.5", null, { double: 12345678.5, num: [null, "12345678.5000000000"] }),
  literal("99999999.999", null, { double: 99999999.999, num: [null, "99999999.9990000000"] }),
  literal("10000000.0", null, { double: 1e7, num: [null, "10000000.0000000000"] }),
  literal("1e7", null, { double: 1e7, num: [null, "10000000.0000000000"] }),
  literal("0.0001", null, { double: 0.0001, num: ["0.000", "0.0001000000"] }),
  literal("0.0005", null, { double: 0.0005, num: ["0.001", "0.0005000000"] }),
  literal("0.00049999", null, { double: 0.00049999, num: ["0.000", "0.0004999900"] }),
  literal("5e-05", null, { double: 5e-5, num: ["0.000", "0.0000500000"] }),
  literal("2.5e-5", null, { double: 2.5e-5, num: ["0.000", "0.0000250000"] }),
  literal("1e-7", null, { double: 1e-7, num: ["0.000", "0.0000001000"] }),
  literal("-1e-320", null, { double: -1e-320, num: ["0.000", "0.0000000000"] }),
  // Spark has no NUMERIC for the smallest double: one of the two differences that are known.
  literal("5e-324", null, { double: 5e-324 }, ["NUMERIC(10,3)", "NUMERIC(38,10)"]),
  literal("1e21", null, { double: 1e21, num: [null, "1000000000000000000000.0000000000"] }),
  literal("1e22", null, { double: 1e22, num: [null, "10000000000000000000000.0000000000"] }),
  literal("1.7976931348623157e308", null, { double: 1.7976931348623157e308 }),
  literal("123456789012345678901234567890.123456789", null, { double: 1.2345678901234568e29 }),

  // Booleans.
  literal("true", "true", { bool: true }),
  literal("false", "false", { bool: false }),
  string("true", { bool: true }),
  string("false", { bool: false }),
  ...["TRUE", "True", "False", "t", "f", "T", "F", "yes", "no", "Yes", "y", "n", "Y", "on", "off", " true", "true ", "truefalse"].map(
    (text) => string(text),
  ),

  // Texts of integers.
  string("12", whole(12n)),
  string("1", whole(1n)),
  string("0", whole(0n)),
  string("-7", whole(-7n)),
  string("+5", whole(5n)),
  string("0012", whole(12n)),
  string("2147483648", { big: 2147483648n, int: false, double: 2147483648, num: [null, "2147483648.0000000000"] }),
  string("9223372036854775807", {
    big: 9223372036854775807n,
    int: false,
    double: 2 ** 63,
    num: [null, "9223372036854775807.0000000000"],
  }),
  string("9223372036854775808", { double: 9223372036854775808, num: [null, "9223372036854775808.0000000000"] }),
  string("9999999999999999999", { double: 1e19, num: [null, "9999999999999999999.0000000000"] }),
  // 20 digits: more than an integer's text has, whatever their value.
  string("00000000000000000012", { double: 12, num: ["12.000", "12.0000000000"] }),
  string("-0", { big: 0n, double: -0, num: ["0.000", "0.0000000000"] }),
  ...[
    "",
    " ",
    " 12",
    "12 ",
    " 12 ",
    "\t12\n",
    "12\n",
    "\u00a012",
    "12abc",
    "1,000",
    "1_000",
    "0x1F",
    "0b1",
    "5L",
    "1d",
    "1f",
    "--5",
    "+-5",
    "+",
    "-",
    "1 2",
    "\u0663",
    "\uff19",
    "½",
    "null",
    "NULL",
    "12%",
    "1/2",
  ].map((text) => string(text)),

  // Texts of decimals.
  string("12.0", { double: 12, num: ["12.000", "12.0000000000"] }),
  string("12.5", { double: 12.5, num: ["12.500", "12.5000000000"] }),
  string("00012.50", { double: 12.5, num: ["12.500", "12.5000000000"] }),
  string(".5", { double: 0.5, num: ["0.500", "0.5000000000"] }),
  string("-.5", { double: -0.5, num: ["-0.500", "-0.5000000000"] }),
  string("5.", { double: 5, num: ["5.000", "5.0000000000"] }),
  string(".167", { double: 0.167, num: ["0.167", "0.1670000000"] }),
  string("1.000", { double: 1, num: ["1.000", "1.0000000000"] }),
  string("1.0005", { double: 1.0005, num: ["1.001", "1.0005000000"] }),
  string("-1.0005", { double: -1.0005, num: ["-1.001", "-1.0005000000"] }),
  string("9999999.9994", { double: 9999999.9994, num: ["9999999.999", "9999999.9994000000"] }),
  string("9999999.9995", { double: 9999999.9995, num: [null, "9999999.9995000000"] }),
  string("-9999999.999", { double: -9999999.999, num: ["-9999999.999", "-9999999.9990000000"] }),
  string("1e3", { double: 1000, num: ["1000.000", "1000.0000000000"] }),
  string("1E7", { double: 1e7, num: [null, "10000000.0000000000"] }),
  string("1e-4", { double: 0.0001, num: ["0.000", "0.0001000000"] }),
  string("5e-4", { double: 0.0005, num: ["0.001", "0.0005000000"] }),
  string("1.00000005e7", { double: 10000000.5, num: [null, "10000000.5000000000"] }),
  string("1.5e+2", { double: 150, num: ["150.000", "150.0000000000"] }),
  string("99999.9995e2", { double: 9999999.95, num: ["9999999.950", "9999999.9500000000"] }),
  string("12345678901234567890123456789.5", { double: 1.2345678901234568e28 }),
  // Of a negative exponent, 15 digits are taken; zeros in front do not count.
  string("123456789012345e-6", { double: 123456789.012345, num: [null, "123456789.0123450000"] }),
  string("000123456789.012345e-3", { double: 123456.789012345, num: ["123456.789", "123456.7890123450"] }),
  string("1234567890123456e-6", { double: 1234567890.123456 }),
  string("-1.5E-2", { double: -0.015, num: ["-0.015", "-0.0150000000"] }),
  string("5e-0", { double: 5, num: ["5.000", "5.0000000000"] }),
  string(".5e-1", { double: 0.05, num: ["0.050", "0.0500000000"] }),
  string("100000000000000.0e-9", { double: 100000 }),
  string("1e400"),
  string("1e309"),
  string("-1e309"),
  // Four digits of an exponent are no number's text.
  string("1e0001"),
  ...[
    "1e",
    "e1",
    "1e+",
    "1.2.3",
    ".",
    "-.",
    "-.--",
    ".---",
    "1,5",
    "1.5 ",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "-inf",
    "0x1p3",
  ].map((text) => string(text)),

  // Days.
  string("2024-07-12", { date: "2024-07-12" }),
  string("2024-02-29", { date: "2024-02-29" }),
  string("2000-02-29", { date: "2000-02-29" }),
  string("2023-02-28", { date: "2023-02-28" }),
  string("2023-03-29", { date: "2023-03-29" }),
  string("1883-11-18", { date: "1883-11-18" }),
  string("1582-10-10", { date: "1582-10-10" }),
  string("0001-01-01", { date: "0001-01-01" }),
  string("9999-12-31", { date: "9999-12-31" }),
  // Year 0000: engines disagree about it, so it is bad. The other difference that is known.
  ...[
    "0000-01-01",
    "0000-02-29",
    "2024-02-30",
    "2023-02-29",
    "1900-02-29",
    "1500-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-04-31",
    "2024-01-00",
    "2024-7-2",
    "2024-07",
    "20240712_231041",
    "-0044-03-15",
    "10000-01-01",
    "2024/07/12",
    "12.07.2024",
    "2024-07-12\n",
    " 2024-07-12",
    "infinity",
    "-infinity",
    "epoch",
    "today",
    "now",
  ].map((text) => string(text)),
  string("2024", whole(2024n)),
  string("20240712", { big: 20240712n, double: 20240712, num: [null, "20240712.0000000000"] }),

  // Instants.
  string("2024-07-12T23:10:41Z", { time: "2024-07-12T23:10:41.000000Z" }),
  string("2024-07-12T23:10Z", { time: "2024-07-12T23:10:00.000000Z" }),
  string("2024-07-12T23:10:41.1Z", { time: "2024-07-12T23:10:41.100000Z" }),
  string("2024-07-12T23:10:41.123Z", { time: "2024-07-12T23:10:41.123000Z" }),
  string("2024-07-12T23:10:41.123456Z", { time: "2024-07-12T23:10:41.123456Z" }),
  string("2024-07-12T23:10:41.1234567Z", { time: "2024-07-12T23:10:41.123456Z" }),
  string("2024-07-12T23:10:41.123456789Z", { time: "2024-07-12T23:10:41.123456Z" }),
  string("2024-07-12T23:10:41.9999999Z", { time: "2024-07-12T23:10:41.999999Z" }),
  string("2024-07-12T19:10:41-04:00", { time: "2024-07-12T23:10:41.000000Z" }),
  string("2024-07-13T05:10:41+06:00", { time: "2024-07-12T23:10:41.000000Z" }),
  string("2024-07-12T23:10:41+14:00", { time: "2024-07-12T09:10:41.000000Z" }),
  string("2024-07-13T04:40:41+05:30", { time: "2024-07-12T23:10:41.000000Z" }),
  string("2024-03-10T02:30:00Z", { time: "2024-03-10T02:30:00.000000Z" }),
  string("1883-11-18T12:00:00Z", { time: "1883-11-18T12:00:00.000000Z" }),
  string("1969-12-31T23:59:59.999999Z", { time: "1969-12-31T23:59:59.999999Z" }),
  string("0001-01-01T00:00:00Z", { time: "0001-01-01T00:00:00.000000Z" }),
  string("9999-12-31T23:59:59.999999Z", { time: "9999-12-31T23:59:59.999999Z" }),
  ...[
    "2024-07-12 23:10:41",
    "2024-07-12 23:10:41Z",
    "2024-07-12T00:00:00",
    "2024-07-12T23:10:41-0400",
    "2024-07-12T19:10:41-04",
    "2024-07-12T23:10:41 UTC",
    "2024-07-12T23:10:41 America/New_York",
    "2024-07-12T24:00:00Z",
    "2024-07-12T23:59:60Z",
    "2024-07-12T23:60:00Z",
    "2024-07-12T23:10:41+18:30",
    "2024-07-12T23:10:41+15:00",
    "2024-07-12t23:10:41z",
    "2024-07-12T23:10:41.123Z ",
    "2024-07-12T23:10:41.1234567891Z",
    "2024-07-12T23:10:41.Z",
    "2024-07-12T9:10:41Z",
    "2024-07-12T23Z",
    "1500-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "23:10:41",
  ].map((text) => string(text)),

  // Texts: characters are code points.
  string("José"),
  string("éé😀"),
  string("12345😀"),
  string("😀😀😀😀😀"),
  string("😀😀😀😀😀😀"),
  string("caf\u0065\u0301", {}, '"caf\\u0065\\u0301"'),
  string("/", {}, '"\\/"'),
  string("a\nb"),
  string('a"b'),
  string("a'b"),
  string("a\\b"),
  string("\u001f"),
  string("\u2028"),
  string("  ab "),
  string("[1,2]"),
  string('{"a":1}'),
];
