import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RealFiles } from './real-files.ts';

let folder = '';
let files: RealFiles;
let writable: RealFiles;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netarium-files-'));
  writeFileSync(join(folder, 'secret'), 'secret');
  const root = join(folder, 'root');
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(root, 'b.txt'), 'hello');
  writeFileSync(join(root, 'a.txt'), 'a');
  writeFileSync(join(root, 'sub', 'c'), 'c');
  symlinkSync('b.txt', join(root, 'link-inside'));
  symlinkSync('../secret', join(root, 'link-outside'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync(join(folder, 'nothing-yet'), join(root, 'dangling'));
  // A neighbour whose name begins as the root's does.
  mkdirSync(join(folder, 'root-2'));
  writeFileSync(join(folder, 'root-2', 'x'), 'x');
  symlinkSync('../root-2', join(root, 'neighbour'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'pipe')]);
  files = new RealFiles(root);
  writable = new RealFiles(root, { writable: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = async (path: string) => Buffer.from(await files.read(path)).toString();
const code = (work: Promise<unknown>) => work.then(String, (error) => error.code);

describe('a real directory as files', () => {
  it('reads, lists and tells', async () => {
    expect(await text('/b.txt')).toBe('hello');
    expect(await text('/sub/../link-inside')).toBe('hello');
    expect((await files.list('/')).slice(0, 2)).toEqual(['a.txt', 'b.txt']);
    expect(await files.list('/sub')).toEqual(['c']);
    const stat = await files.stat('/b.txt');
    expect(stat).toMatchObject({ kind: 'file', size: 5 });
    expect(stat!.modifiedMs).toBeGreaterThan(1.6e12);
    expect(await files.stat('/sub/')).toMatchObject({ kind: 'directory', size: 0 });
  });

  it('fails in the words of POSIX, with the path that was asked for', async () => {
    await expect(files.read('/none')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
    await expect(files.read('/none')).rejects.toThrow('open ENOENT /none: No such file or directory');
    expect(await code(files.read('/sub'))).toBe('EISDIR');
    expect(await code(files.read('/b.txt/x'))).toBe('ENOTDIR');
    expect(await code(files.list('/b.txt'))).toBe('ENOTDIR');
    expect(await code(files.list('/none'))).toBe('ENOENT');
    expect(await files.stat('/none')).toBe(null);
    expect(await code(new RealFiles(join(folder, 'gone')).list('/'))).toBe('ENOENT');
  });

  it.each(['/../secret', '/sub/../../secret', '../secret', '/..', '/sub/../../../../../../etc/passwd', '/..\\secret'])(
    'does not leave by %s',
    async (path) => {
      expect(await code(files.read(path))).toMatch(/^(ENOENT|EISDIR)$/);
    },
  );

  it.each(['/link-outside', '/up/secret', '/neighbour/x', '/up/root/../secret'])(
    'does not leave by the link %s',
    async (path) => {
      expect(await code(files.read(path))).toMatch(/^(EACCES|ENOENT)$/);
      expect(await code(files.list(path))).toMatch(/^(EACCES|ENOENT)$/);
      expect(await files.stat(path)).toBe(null);
    },
  );

  it('a name with a NUL is no name', async () => {
    expect(await code(files.read('/b.txt\0.png'))).toBe('ENOENT');
    expect(await files.stat('/b.txt\0')).toBe(null);
  });

  it('a pipe is not there, and nobody waits for it', async (context) => {
    if (process.platform === 'win32') context.skip('needs mkfifo');
    expect(await files.stat('/pipe')).toBe(null);
    expect(await code(files.read('/pipe'))).toBe('EACCES');
  });
});

describe('writing', () => {
  const bytes = Buffer.from('new');

  it('is refused unless asked for', async () => {
    await expect(files.write('/new', bytes)).rejects.toMatchObject({ code: 'EACCES' });
    expect(existsSync(join(folder, 'root', 'new'))).toBe(false);
  });

  it('makes and replaces files inside', async () => {
    await writable.write('/sub/new', bytes);
    await writable.write('/sub/new', Buffer.from('newer'));
    await writable.write('/link-inside', bytes);
    expect(readFileSync(join(folder, 'root', 'sub', 'new'), 'utf8')).toBe('newer');
    expect(readFileSync(join(folder, 'root', 'b.txt'), 'utf8')).toBe('new');
    expect(await code(writable.write('/none/new', bytes))).toBe('ENOENT');
    expect(await code(writable.write('/sub', bytes))).toBe('EISDIR');
  });

  it.each(['/link-outside', '/up/new', '/neighbour/new', '/neighbour/x', '/dangling', '/up/root-2/x'])(
    'does not leave by %s',
    async (path) => {
      expect(await code(writable.write(path, bytes))).toMatch(/^(EACCES|ENOENT)$/);
      expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('secret');
      expect(readFileSync(join(folder, 'root-2', 'x'), 'utf8')).toBe('x');
      for (const name of ['new', 'nothing-yet', 'root-2/new']) expect(existsSync(join(folder, name))).toBe(false);
    },
  );
});
