import type { FieldEntrySpec, FieldGroupSpec, FieldSpec, MappingSpec, PartialSpec, TargetSpec } from "./mapping-spec.ts";
import { nearestSpelling } from "./nearest-spelling.ts";
import { type Bindings, PLACEHOLDER, type Positions } from "./positions.ts";
import { listed, quoted, type Report } from "./report.ts";

/** A target with its groups made into single fields. */
export type ExpandedTarget = Omit<PartialSpec<TargetSpec>, "fields" | "for_each"> & {
  readonly fields: readonly PartialSpec<FieldSpec>[] | null;
};

export interface ExpandedMapping {
  readonly fields: readonly PartialSpec<FieldSpec>[];
  readonly targets: readonly ExpandedTarget[];
}

/** Many times what the greatest tables have; against files that multiply. */
const MAX_FIELDS = 10_000;
/** Texts for people, in which angle brackets may mean anything. */
const FREE_TEXTS = new Set(["description"]);

/** Makes every `for_each` into what it stands for. Unknown placeholders are reported. */
export function expandForEach(spec: PartialSpec<MappingSpec>, positions: Positions, report: Report): ExpandedMapping {
  const filling = new Filling(positions, report);
  const fields = filling.expandFields(spec.fields ?? [], {});
  const targets = (spec.targets ?? []).flatMap((target) =>
    bindingsOf(target).map((bindings): ExpandedTarget => {
      const { for_each: _, fields: entries, ...rest } = target;
      return filling.derive(
        target,
        { ...filling.fill(rest, bindings, target), fields: entries === undefined ? null : filling.expandFields(entries, bindings) },
        bindings,
      );
    }),
  );
  return { fields, targets };
}

/** One empty group of bindings where there is no `for_each`, none where it is wrong and reported. */
function bindingsOf(entry: { readonly for_each?: readonly PartialSpec<Bindings>[] | undefined }): readonly Bindings[] {
  if (entry.for_each === undefined) return "for_each" in entry ? [] : [{}];
  return entry.for_each.map((group) =>
    Object.fromEntries(Object.entries(group).filter((each): each is [string, string] => each[1] !== undefined)),
  );
}

function isGroup(entry: PartialSpec<FieldEntrySpec>): entry is PartialSpec<FieldGroupSpec> {
  return "for_each" in entry || "fields" in entry;
}

class Filling {
  readonly #positions: Positions;
  readonly #report: Report;
  #made = 0;

  constructor(positions: Positions, report: Report) {
    this.#positions = positions;
    this.#report = report;
  }

  expandFields(entries: NonNullable<PartialSpec<MappingSpec>["fields"]>, outer: Bindings): readonly PartialSpec<FieldSpec>[] {
    return entries.flatMap((entry): readonly PartialSpec<FieldSpec>[] => {
      if (!isGroup(entry)) return this.#fillField(entry, outer);
      return bindingsOf(entry).flatMap((bindings) =>
        (entry.fields ?? []).flatMap((field) => this.#fillField(field, { ...outer, ...bindings })),
      );
    });
  }

  #fillField(field: PartialSpec<FieldSpec>, bindings: Bindings): readonly PartialSpec<FieldSpec>[] {
    this.#made += 1;
    if (this.#made === MAX_FIELDS + 1) {
      this.#report.add(this.#positions.place(field), {
        code: "mapping.too-many",
        message: "for_each makes too many columns",
        expected: `at most ${String(MAX_FIELDS)} in a mapping`,
        got: "more",
      });
    }
    return this.#made > MAX_FIELDS ? [] : [this.fill(field, bindings, field)];
  }

  derive<Value extends object>(original: object, copy: Value, bindings: Bindings): Value {
    this.#positions.derive(copy, original, bindings);
    return copy;
  }

  /** A copy with its placeholders filled in; `original` is where the container's own positions are. */
  fill<Value extends object>(value: Value, bindings: Bindings, original: object): Value {
    const copy: unknown = Array.isArray(value)
      ? value.map((item: unknown, position) => this.#fillValue(original, position, item, bindings))
      : Object.fromEntries(
          Object.entries(value).map(([key, item]: [string, unknown]) => [
            this.#fillKey(original, key),
            this.#fillValue(original, key, item, bindings),
          ]),
        );
    return this.derive(original, copy as Value, bindings);
  }

  #fillValue(container: object, key: string | number, value: unknown, bindings: Bindings): unknown {
    if (typeof value === "string") return this.#fillText(container, key, value, bindings);
    return typeof value === "object" && value !== null ? this.fill(value, bindings, value) : value;
  }

  /** Keys of the language hold no placeholder; names of lookups may not either. */
  #fillKey(container: object, key: string): string {
    const without = key.replaceAll(PLACEHOLDER, "$1");
    if (without !== key)
      this.#report.add(this.#positions.keyPlace(container, key), {
        code: "mapping.placeholder-in-key",
        message: `the key ${quoted(key)} holds a placeholder`,
        expected: "placeholders in values only",
        got: quoted(key),
      });
    return without;
  }

  #fillText(container: object, key: string | number, text: string, bindings: Bindings): string {
    return text.replace(PLACEHOLDER, (written, name: string, offset: number) => {
      const value = Object.hasOwn(bindings, name) ? bindings[name] : undefined;
      if (value !== undefined) return value;
      if (FREE_TEXTS.has(String(key))) return written;
      const known = Object.keys(bindings);
      const near = nearestSpelling(name, known);
      this.#report.add(this.#positions.valuePlace(container, key, offset), {
        code: "mapping.unknown-placeholder",
        message: `unknown placeholder ${quoted(written)}`,
        expected: known.length === 0 ? "placeholders only below for_each" : `one of: ${listed(known.map((each) => `<${each}>`))}`,
        got: quoted(written),
        didYouMean: near === null ? null : `<${near}>`,
      });
      // Without its brackets, so that the text is not reported again for them.
      return name;
    });
  }
}
