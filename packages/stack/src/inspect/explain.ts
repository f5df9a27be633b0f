/** Packets, captures and journeys in words: see the files that these come from. */
export { type ExplainOptions, explainCapture } from './explain-capture.ts';
export { Names } from './explain-names.ts';
export { explainPacket } from './explain-packet.ts';
export { formatJourney, type JourneyFormat } from './journey-format.ts';
export { JourneyRecorder, type JourneyRecorderOptions } from './journey-recorder.ts';
export type { JourneyEvent, JourneyStep } from './journey-step.ts';
export type { LayerModel } from './layer-models.ts';
export type { Style, TextRole } from './text-layout.ts';
