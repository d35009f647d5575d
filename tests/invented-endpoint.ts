import type { Mapping } from "../src/mapping/mapping.ts";
import { mappingOf } from "./small-platform.ts";

/** A mapping for an endpoint that no code has ever seen: a board of trains, one document for each train of each day. It uses every word of the language. */
export const INVENTED_MAPPING = `
source:
  endpoint: railway
  method: board
  raw_table: railway.board
  array_source: $.days[*].trains[*]
  document_key: [day, train_no]
  version: {json_path: $.rev, pattern: 'r[0-9]{4}'}
  date: day
  filter: parameters.preview is null
null_values: ['-', '']
fields:
  - {name: day, type: DATE, json_path: parent.date, description: Day of the board}
  - {name: train_no, type: BIGINT, json_path: $.no}
  - {name: zone, type: INT, source_field: parameters.zone, default: 1}
  - {name: operator, type: TEXT, json_path: parent.operator.name, default: unknown}
targets:
  - name: railway.train
    description: One row per train and day
    primary_key: [day, train_no]
    partition_by: [day]
    fields:
      - {name: seen_at, type: TIMESTAMPTZ, source_field: captured_at}
      - {name: place_on_board, type: INT, source_field: ordinal}
      - {name: day_on_board, type: INT, source_field: parent.index}
      - for_each: [{end: from}, {end: to}]
        fields:
          - {name: <end>_station, type: VARCHAR(5), json_path: $.route.<end>.code, nullable: false}
          - {name: <end>_km, type: "NUMERIC(6,1)", json_path: $.route.<end>.km}
      - {name: kilometres, type: DOUBLE, expression: to_km - from_km}
      - {name: speed_text, type: TEXT, json_path: $.speed}
      - {name: speed, type: INT, expression: "case when speed_text like '% km/h' then split_part(speed_text, ' ', 1)::INT end"}
      - {name: is_fast, type: BOOLEAN, expression: speed > 160}
      - {name: delay, type: INT, json_path: $.delay, default: 0}
      - {name: fare, type: "NUMERIC(8,2)", json_path: $.fare}
      - {name: tags, type: JSONB, json_path: $.tags}
      - {name: stop_count, type: INT, json_path: $.stopCount}
    indexes: [[from_station, to_station]]
    data_quality:
      - {rule: from_station != to_station, severity: error}
      - {rule: "stop_count = (select count(*) from railway.stop)", severity: error}
      - {rule: "delay <= (select max(delay) from railway.stop where delay is not null)", severity: warn}
  - name: railway.vehicle
    object_source: $.vehicle
    optional: true
    primary_key: [day, train_no]
    fields:
      - {name: series, type: TEXT, json_path: $.series}
      - {name: cars, type: INT, json_path: $.cars}
  - name: railway.crew
    object_source: $.crew.*
    primary_key: [day, train_no, crew_id]
    fields:
      - {name: crew_key, type: VARCHAR(8), source_field: key}
      - {name: crew_id, type: BIGINT, json_path: $.id}
      - {name: name, type: TEXT, json_path: $.name}
  - name: railway.stop
    array_source: $.stops[*]
    primary_key: [day, train_no, stop_index]
    fields:
      - {name: stop_index, type: INT, source_field: index}
      - {name: station, type: TEXT, json_path: $.station}
      - {name: delay, type: INT, json_path: $.delay}
      - {name: arrival, type: TIMESTAMPTZ, json_path: $.arrival}
      - {name: from_station, type: TEXT, json_path: document.route.from.code}
  - name: railway.event
    array_source: $.stops[*]
    nested_array: $.events[*]
    filter: "$.kind in ('door', 'signal') and $.weight is not null"
    lookups:
      who: ["document.crew.C{$.by}", "document.guests.{$.by}"]
      track: "document.tracks[{$.track}]"
    primary_key: [day, train_no, stop_index, event_index]
    fields:
      - {name: stop_index, type: INT, source_field: parent.index}
      - {name: event_index, type: INT, source_field: index}
      - {name: kind, type: TEXT, json_path: $.kind}
      - {name: station, type: TEXT, json_path: parent.station}
      - {name: by_id, type: BIGINT, json_path: $.by}
      - {name: by_name, type: TEXT, json_path: who.name}
      - {name: track_side, type: TEXT, json_path: track.side}
      - {name: doubled, type: DOUBLE, expression: $.weight * 2}
    relationships:
      - {from_field: [day, train_no, stop_index], to_table: railway.stop}
      - {from_field: [day, train_no, by_id], to_table: railway.crew, optional: true}
    data_quality:
      - {rule: doubled > 0, severity: error}
      - {rule: "track_side is not null or kind = 'signal'", severity: warn}
  - name: railway.seat
    object_source: $.cars.*.rows.*
    primary_key: [day, train_no, car, seat_row]
    fields:
      - {name: car, type: VARCHAR(4), source_field: parent.key}
      - {name: seat_row, type: INT, source_field: key}
      - {name: taken, type: BOOLEAN, json_path: $.taken}
      - {name: class, type: INT, json_path: parent.class}
  - name: railway.remark
    array_source: $.remarks[*]
    primary_key: [day, train_no, remark_no]
    fields:
      - {name: remark_no, type: INT, source_field: ordinal}
      - {name: remark, type: TEXT, json_path: $}
  - for_each: [{end: from}, {end: to}]
    name: railway.<end>_platform
    array_source: $.platforms.<end>[*]
    primary_key: [day, train_no, platform]
    fields:
      - {name: platform, type: TEXT, json_path: $.name}
      - {name: open, type: BOOLEAN, json_path: $.open}
`;

export function inventedMapping(): Mapping {
  return mappingOf(INVENTED_MAPPING, "railway/board");
}
