import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../base/utf8.ts';
import { type Files, resolvePath } from './files.ts';
import { MemoryFiles } from './memory-files.ts';
import { Mounts } from './mounts.ts';

const text = async (files: Files, path: string) => utf8Decode(await files.read(path));
const kind = async (files: Files, path: string) => (await files.stat(path))?.kind ?? null;

describe('paths', () => {
  it.each([
    ['/srv', 'a/b', '/srv/a/b'],
    ['/srv', '/etc', '/etc'],
    ['/srv', '../../etc/passwd', '/etc/passwd'],
    ['/', '..', '/'],
    ['/a', './b//c/.', '/a/b/c'],
    ['/a/b', '../..', '/'],
    ['/', 'a/../../../b/', '/b'],
    ['/', '/a/.x/..y/...', '/a/.x/..y/...'],
    ['/', '/a/b/..', '/a'],
    ['/', '/a//b/', '/a/b'],
  ])('%s and %s', (base, path, whole) => expect(resolvePath(base, path)).toBe(whole));
});

describe.each<[string, (files: Record<string, string>) => Files]>([
  ['files in memory', (files) => new MemoryFiles(files)],
  [
    'a mount at the root',
    (files) => {
      const mounts = new Mounts();
      mounts.mount('/', new MemoryFiles(files));
      return mounts;
    },
  ],
])('%s', (_, make) => {
  const files = make({ '/index.html': '<h1>', '/img/logo.png': 'png', '/img/big/x': 'x' });

  it('stat', async () => {
    expect(await files.stat('/index.html')).toEqual({ kind: 'file', size: 4, modifiedMs: 0 });
    expect(await kind(files, '/img')).toBe('directory');
    expect(await kind(files, '/img/')).toBe('directory');
    expect(await kind(files, '/')).toBe('directory');
    expect(await kind(files, '/im')).toBe(null);
    expect(await kind(files, '/index.html/x')).toBe(null);
  });

  it('read', async () => {
    expect(await text(files, '/img/../index.html')).toBe('<h1>');
    await expect(files.read('/img')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(files.read('/none')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
  });

  it('list', async () => {
    expect(await files.list('/')).toEqual(['img', 'index.html']);
    expect(await files.list('/img')).toEqual(['big', 'logo.png']);
    await expect(files.list('/none')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'scandir' });
    await expect(files.list('/index.html')).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('write', async () => {
    const bytes = utf8Encode('new');
    await files.write('/new/file', bytes);
    bytes.fill(0);
    expect(await text(files, '/new/file')).toBe('new');
    await files.write('/new/file', utf8Encode('newer'));
    expect(await text(files, '/new/file')).toBe('newer');
    await expect(files.write('/img', bytes)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(files.write('/index.html/x', bytes)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('what was read is not the file itself', async () => {
    (await files.read('/index.html')).fill(0);
    expect(await text(files, '/index.html')).toBe('<h1>');
  });
});

describe('mounts', () => {
  const mounts = new Mounts();
  mounts.mount('/srv/www', new MemoryFiles({ '/index.html': 'www', '/deep/x': 'hidden' }));
  mounts.mount('/srv/www/deep', new MemoryFiles({ '/y': 'shown' }));
  mounts.mount('/etc/', new MemoryFiles({ '/hosts': 'hosts' }));

  it('the longest mount point wins', async () => {
    expect(await text(mounts, '/srv/www/index.html')).toBe('www');
    expect(await text(mounts, '/srv/www/deep/y')).toBe('shown');
    expect(await kind(mounts, '/srv/www/deep/x')).toBe(null);
    expect(await mounts.list('/srv/www/deep')).toEqual(['y']);
    expect(await kind(mounts, '/srv/wwwx')).toBe(null);
  });

  it('what lies between exists as directories', async () => {
    expect(await mounts.list('/')).toEqual(['etc', 'srv']);
    expect(await mounts.list('/srv')).toEqual(['www']);
    expect(await mounts.list('/srv/www')).toEqual(['deep', 'index.html']);
    expect(await kind(mounts, '/srv')).toBe('directory');
    await expect(mounts.read('/srv')).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(mounts.write('/srv', new Uint8Array())).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('outside of them there is nothing, and nothing can be written', async () => {
    expect(await kind(mounts, '/tmp/x')).toBe(null);
    await expect(mounts.read('/tmp/x')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(mounts.list('/tmp')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(mounts.write('/tmp/x', new Uint8Array())).rejects.toMatchObject({ code: 'EACCES' });
    expect(await new Mounts().list('/')).toEqual([]);
  });

  it('no .. climbs out of a mount into the files behind it', async () => {
    expect(await text(mounts, '/srv/www/../../etc/hosts')).toBe('hosts');
    await expect(mounts.read('/srv/www/../hosts')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('a second mount at the same place stands instead of the first', async () => {
    const twice = new Mounts();
    twice.mount('/a', new MemoryFiles({ '/x': '1' }));
    twice.mount('/a/', new MemoryFiles({ '/x': '2' }));
    expect(await text(twice, '/a/x')).toBe('2');
  });

  it('waits as it is told to, except for what answers by itself', async () => {
    let waits = 0;
    const counted = new Mounts((work) => {
      waits++;
      return work;
    });
    const files = new MemoryFiles({ '/x': 'x' });
    counted.mount('/memory', files);
    await counted.read('/memory/x');
    expect(waits).toBe(0);
    const slow: Files = {
      stat: (path) => files.stat(path),
      read: (path) => files.read(path),
      list: (path) => files.list(path),
      write: (path, bytes) => files.write(path, bytes),
    };
    counted.mount('/', slow);
    await counted.read('/x');
    await counted.stat('/x');
    await counted.list('/');
    await counted.write('/y', new Uint8Array());
    expect(waits).toBe(5);
  });
});
