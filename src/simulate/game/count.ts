export interface Count {
  readonly balls: number;
  readonly strikes: number;
  readonly outs: number;
}
