import type { Comparison, FilterNode, LoadLayer, Operation, Sum } from './filter-tree.ts';
import { CONSTANTS, type Token } from './filter-words.ts';

const COMPARISONS: Record<string, Comparison> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** Loosest first, as in C. */
const LEVELS: readonly (readonly Operation[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '%']];

const LAYERS = new Set<string>(['ether', 'ip', 'ip6', 'arp', 'rarp', 'tcp', 'udp', 'icmp', 'icmp6', 'igmp', 'sctp']);

/** Sums within sums: more than anybody writes. */
const DEPTH_LIMIT = 100;

/** The arithmetic of filters: `tcp[tcpflags] & (tcp-syn|tcp-fin) != 0`, `ip[2:2] > 576`, `len < 100`. */
export abstract class SumParser {
  protected at = 0;
  private readonly all: readonly Token[];
  private nested = 0;

  constructor(all: readonly Token[]) {
    this.all = all;
  }

  protected get token(): Token {
    return this.all[this.at]!;
  }

  protected get atEnd(): boolean {
    return this.token.kind === 'end';
  }

  protected next(): void {
    if (this.at < this.all.length - 1) this.at++;
  }

  protected is(text: string): boolean {
    return this.token.text === text && !this.token.escaped;
  }

  /** Steps over this word or sign, if it is next. */
  protected take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  protected isNumber(): boolean {
    return this.token.kind === 'word' && /^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(this.token.text);
  }

  protected number(low: number, high: number, what: string): number {
    const value = this.isNumber() ? Number(this.token.text) : -1;
    if (value < low || value > high) this.fail(`expected ${what} from ${low} to ${high}`);
    this.next();
    return value;
  }

  protected abstract fail(message: string, at?: { position: number; text: string }, nearest?: string): never;

  /** Does a sum begin here, and not a primitive? A parenthesis may open either: what follows its end decides. */
  protected beginsSum(): boolean {
    let { at } = this;
    if (this.is('(')) {
      let open = 0;
      do {
        const { text, kind } = this.all[at]!;
        if (kind === 'end') return false;
        if (text === '(') open++;
        if (text === ')') open--;
        at++;
      } while (open > 0);
      return this.isOperatorAt(at);
    }
    const { text, escaped } = this.token;
    if (escaped) return false;
    if (text === 'len' || text === '-') return true;
    if (LAYERS.has(text)) return this.all[at + 1]!.text === '[';
    return (this.isNumber() || CONSTANTS[text] !== undefined) && this.isOperatorAt(at + 1);
  }

  private isOperatorAt(at: number): boolean {
    const { text, kind } = this.all[Math.min(at, this.all.length - 1)]!;
    return (
      kind === 'sign' && (COMPARISONS[text] !== undefined || LEVELS.some((level) => level.includes(text as Operation)))
    );
  }

  protected comparison(): FilterNode {
    const left = this.sum(0);
    const operator = COMPARISONS[this.token.text];
    if (operator === undefined) this.fail('expected a comparison: = != < <= > >=');
    this.next();
    return { kind: 'compare', operator, left, right: this.sum(0) };
  }

  private sum(level: number): Sum {
    const operators = LEVELS[level];
    if (operators === undefined) return this.operand();
    let left = this.sum(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.take(each));
      if (operator === undefined) return left;
      left = { kind: 'operation', operator, left, right: this.sum(level + 1) };
    }
  }

  private operand(): Sum {
    if (++this.nested > DEPTH_LIMIT) this.fail('this is nested too deeply');
    const made = this.operandWithin();
    this.nested--;
    return made;
  }

  private operandWithin(): Sum {
    const { token } = this;
    if (this.take('-'))
      return { kind: 'operation', operator: '-', left: { kind: 'number', value: 0 }, right: this.operand() };
    if (this.take('(')) {
      const inner = this.sum(0);
      if (!this.take(')')) this.fail('expected ")"');
      return inner;
    }
    if (this.take('len')) return { kind: 'length' };
    if (this.isNumber()) return { kind: 'number', value: this.number(0, 0xffffffff, 'a number') };
    if (token.kind === 'word' && CONSTANTS[token.text] !== undefined) {
      this.next();
      return { kind: 'number', value: CONSTANTS[token.text]! };
    }
    if (LAYERS.has(token.text)) return this.load(token.text as LoadLayer);
    this.fail('expected a number, len, or bytes of a header such as tcp[13]');
  }

  private load(layer: LoadLayer): Sum {
    this.next();
    if (!this.take('[')) this.fail(`expected "[" after "${layer}"`);
    const offset = this.sum(0);
    let size = 1;
    if (this.take(':')) {
      size = this.number(1, 4, 'a size');
      if (size === 3) this.fail('a size is 1, 2 or 4 bytes');
    }
    if (!this.take(']')) this.fail('expected "]"');
    return { kind: 'load', layer, offset, size: size as 1 | 2 | 4 };
  }
}
