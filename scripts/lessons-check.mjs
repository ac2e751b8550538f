// `npm run lessons:check`: reads every lesson and says, by file and line, what is wrong with it; then plays its solution on
// a lab of its own, where one can run (`-- --read-only` leaves that out).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { playSolutions, whyNotPlayed } from './lessons-play.mjs';

/** Of the article that the scenes go with; its headings are not counted. */
const PARAGRAPHS = 19;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ws-lessons-'));
try {
  const file = join(folder, 'check.mjs');
  const bundle = await rolldown({
    input: join(root, 'machines/lesson-check.ts'),
    platform: 'node',
    logLevel: 'silent',
  });
  await bundle.write({ file, format: 'esm' });
  const { checkArticle, checkLesson, holds } = await import(file);
  const good = [];
  const lessons = join(root, 'lessons');
  const apps = readdirSync(join(lessons, 'apps'));
  const proto = readFileSync(join(root, 'server/warden/protocol/warden.proto'), 'utf8');
  const warden = [...proto.matchAll(/^message (\w+)/gm)].map(([, name]) => name);
  const ids = new Map();
  let wrong = 0;
  const files = readdirSync(lessons, { recursive: true }).filter((f) => /^\d\d-[^/]+\/\d\d-[^/]+\/README\.md$/.test(f));
  const stray = readdirSync(lessons, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath ?? e.path, e.name).slice(lessons.length + 1))
    .filter((f) => !files.includes(f) && !/^(apps|runs|scenes)\//.test(f));
  const say = (f, line, text) => {
    wrong += 1;
    console.error(`lessons/${f}:${line}: ${text}`);
  };
  for (const f of stray) say(f, 1, 'a stray file: lessons live in NN-chapter/NN-topic/README.md');
  for (const f of files) {
    const { lesson, mistakes } = checkLesson(readFileSync(join(lessons, f), 'utf8'), { apps, warden });
    if (ids.has(lesson.id)) say(f, 1, `a second lesson ${lesson.id}; the first is ${ids.get(lesson.id)}`);
    ids.set(lesson.id, f);
    for (const { line, text } of mistakes) say(f, line, text);
    if (mistakes.length > 0) continue;
    console.log(`proved: what lessons/${f} names exists, and its start fails the goal`);
    good.push(lesson);
  }
  const article = readFileSync(join(lessons, 'scenes/article.md'), 'utf8');
  const { scenes, mistakes: inArticle } = checkArticle(article, PARAGRAPHS, { apps, warden });
  for (const { line, text } of inArticle) say('scenes/article.md', line, text);
  if (inArticle.length === 0) console.log('proved: what lessons/scenes/article.md names exists');
  if (files.length === 0) say('', 1, 'no lesson');
  const why = process.argv.includes('--read-only') ? 'asked not to' : whyNotPlayed(root);
  if (why) console.log(`solutions not played: ${why}`);
  else {
    const unsolved = new Map(await playSolutions(root, good, holds));
    for (const [id, text] of unsolved) say(ids.get(id), 1, `solution: ${text}`);
    for (const { id } of good)
      if (!unsolved.has(id)) console.log(`proved: the solution of lessons/${ids.get(id)} reaches its goal`);
  }
  console.log(`${files.length} lessons, ${scenes.length} scenes, ${wrong} mistakes`);
  process.exitCode = wrong > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
