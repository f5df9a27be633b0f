/** The two models that textbooks teach, and the mixture of both that most of them use. */
export type LayerModel = 'osi' | 'five' | 'four';

/** What a layer calls the unit that it handles. */
export type Unit = 'data' | 'segment' | 'datagram' | 'packet' | 'frame' | 'bits';

export interface ModelLayer {
  readonly number: number;
  readonly name: string;
}

const OSI = ['', 'physical', 'data link', 'network', 'transport', 'session', 'presentation', 'application'];
const FIVE = ['', 'physical', 'data link', 'network', 'transport', 'application'];
const FOUR = ['', 'link', 'internet', 'transport', 'application'];

/**
 * Where an OSI layer (1 to 7) stands in a model: OSI has seven (ISO 7498), TCP/IP has four (RFC 1122 1.1.3): its
 * application layer takes 5 to 7 together, its link layer 1 and 2. The five-layer model keeps those apart.
 */
export function layerIn(model: LayerModel, osi: number): ModelLayer {
  if (model === 'osi') return { number: osi, name: OSI[osi] ?? '' };
  const five = Math.min(osi, 5);
  if (model === 'five') return { number: five, name: FIVE[five] ?? '' };
  const four = Math.max(1, five - 1);
  return { number: four, name: FOUR[four] ?? '' };
}
