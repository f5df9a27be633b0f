import { isHarmless } from '../base/drop-reasons.ts';
import { formatDuration } from '../base/units.ts';
import { hexBytes } from './dissection.ts';
import type { JourneyStep } from './journey-step.ts';
import { type LayerModel, layerIn } from './layer-models.ts';
import { plain, type Style, wrap } from './text-layout.ts';

export interface JourneyFormat {
  /** Seven layers (default), five or four. */
  model?: LayerModel;
  /** Columns of the terminal; default 100. */
  width?: number;
  /** Header bytes shown of each layer; default 64, 0: none. */
  headerBytes?: number;
  style?: Style;
}

const ARROWS = { down: '↓', up: '↑', across: '→', stay: ' ', end: '■' } as const;
/** Arrow, layer, unit and size: what stands left of the text. */
const LEFT = 39;

/**
 * The way of one packet as a table for a terminal: a section a device, a line a layer, with the unit's name and size,
 * what happened, and the header's bytes.
 */
export function formatJourney(steps: readonly JourneyStep[], format: JourneyFormat = {}): string {
  const { model = 'osi', width = 100, headerBytes = 64, style = plain } = format;
  const lines: string[] = [];
  let node = '';
  let timeNs = -1;
  let layer = -1;
  for (const step of withUntouchedLayers(steps, model)) {
    const newDevice = step.node !== node;
    if (newDevice) {
      if (lines.length > 0) lines.push('');
      lines.push(title(step, width, style));
      layer = -1;
    } else if (step.timeNs !== timeNs) {
      lines.push(style(`  ... ${formatDuration(step.timeNs - timeNs)} later`, 'time'));
    }
    node = step.node;
    timeNs = step.timeNs;
    const place = layerIn(model, step.layer);
    lines.push(...stepLines(step, place.number === layer ? null : place, width, headerBytes, style));
    layer = place.number;
  }
  return lines.join('\n');
}

function title(step: JourneyStep, width: number, style: Style): string {
  const at = `at ${formatDuration(step.timeNs)}`;
  const room = Math.max(1, width - step.node.length - at.length - 2);
  return `${style(step.node, 'device')} ${style('─'.repeat(room), 'rule')} ${style(at, 'time')}`;
}

function stepLines(
  step: JourneyStep,
  place: { number: number; name: string } | null,
  width: number,
  headerBytes: number,
  style: Style,
): string[] {
  const failed = step.way === 'end' && !isHarmless(step.reason);
  const layerText = (place === null ? '' : `${place.number} ${place.name}`).padEnd(15);
  const unit = step.unit.padEnd(9);
  const bits = step.unit === 'bits';
  const size = (step.bytes === 0 ? '' : bits ? `${step.bytes * 8} bits` : `${step.bytes} B`).padStart(10);
  const arrow = failed ? '✗' : ARROWS[step.way];
  const left = `${style(arrow, failed ? 'drop' : 'arrow')} ${style(layerText, 'layer')} ${style(unit, 'unit')} ${style(size, 'size')} `;
  const room = Math.max(20, width - LEFT);
  const source = step.source !== '' && step.way === 'end' ? ` (${step.source})` : '';
  const text = wrap(headerSays(step) + step.text + source, room);
  const role = failed ? 'drop' : step.way === 'stay' ? 'note' : 'text';
  const lines = text.map((line, index) => (index === 0 ? left : ' '.repeat(LEFT)) + style(line, role));
  if (step.header !== null && headerBytes > 0) {
    const shown = Math.min(step.header.length, headerBytes);
    const perLine = room >= 47 ? 16 : 8;
    for (let at = 0; at < shown; at += perLine) {
      const text = hexBytes(step.header, at, Math.min(shown, at + perLine), ' ');
      const more = at + perLine >= shown && shown < step.headerLength ? ' ...' : '';
      lines.push(' '.repeat(LEFT) + style(text + more, 'hex'));
    }
  }
  return lines;
}

function headerSays(step: JourneyStep): string {
  if (step.headerLength === 0) return '';
  if (step.way === 'down') return `puts on ${step.headerLength} bytes: `;
  return step.way === 'up' ? `takes off ${step.headerLength} bytes: ` : '';
}

const UNTOUCHED = 'the bytes as they are: nothing is translated, compressed or encrypted';

/**
 * In the seven-layer model the layers that a program does not use are told, too, where data goes through them: nobody
 * translates, compresses or encrypts, and the bytes are the same below and above.
 */
function withUntouchedLayers(steps: readonly JourneyStep[], model: LayerModel): JourneyStep[] {
  if (model !== 'osi') return [...steps];
  const told: JourneyStep[] = [];
  for (const [index, step] of steps.entries()) {
    told.push(step);
    const next = steps[index + 1];
    if (step.layer === 7 && step.way === 'down' && next?.layer !== 6) told.push({ ...step, layer: 6, text: UNTOUCHED });
    if (step.layer === 5 && step.way === 'up' && next?.layer === 7) told.push({ ...next, layer: 6, text: UNTOUCHED });
  }
  return told;
}
