import { NetError } from '../../base/errors.ts';
import { utf8Decode } from '../../base/utf8.ts';
import type { DnsLimits } from '../../l7-application/dns/limits.ts';
import { type Include, includesIn } from '../../l7-application/dns/master-file.ts';
import { type Files, resolvePath } from '../files.ts';
import type { Process } from '../process.ts';

/** Files read for one zone at most, those that it includes together. */
const MOST_FILES = 100;

/** A master file of a host, with all that it includes read beforehand; null when there is none, which was told. */
export async function readZoneFiles(
  process: Process,
  file: string,
  limits: DnsLimits,
): Promise<{ text: string; include: Include } | null> {
  const text = await readText(process, file);
  return text === null ? null : { text, include: await readIncluded(process.host.files, file, text, limits) };
}

/** What a master file includes, and what that includes, as far as it is there; names count from the file's directory. */
export async function readIncluded(files: Files, file: string, text: string, limits: DnsLimits): Promise<Include> {
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  const path = (name: string): string => resolvePath(`/${folder}`, name);
  const texts = new Map<string, string>();
  const open = includesIn(text);
  for (let name = open.shift(); name !== undefined && texts.size < MOST_FILES; name = open.shift()) {
    if (texts.has(path(name))) continue;
    const included = await readQuietly(files, path(name));
    if (included === null || included.length > limits.zoneFileBytes) continue; // who includes it will tell
    texts.set(path(name), included);
    open.push(...includesIn(included));
  }
  return (name) => texts.get(path(name)) ?? null;
}

/** A file's text; null when there is none, which was told. */
export async function readText(process: Process, file: string): Promise<string | null> {
  try {
    return utf8Decode(await process.host.files.read(resolvePath('/', file)));
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    process.complain(`${process.name}: ${file}: ${error.text}\n`);
    return null;
  }
}

async function readQuietly(files: Files, file: string): Promise<string | null> {
  return files.read(file).then(utf8Decode, (error) => {
    if (!(error instanceof NetError)) throw error;
    return null;
  });
}
