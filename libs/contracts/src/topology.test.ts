import { expect, test } from 'vitest';
import { eventContracts } from './events.ts';
import { outputMessageId } from './message-id.ts';
import { messagesPage } from './messages-page.ts';
import { durables, streams } from './topology.ts';

const covers = (filter: string, subject: string): boolean => {
  const [want, have] = [filter.split('.'), subject.split('.')];
  return (
    want.every(
      (token, index) => token === '>' || (have[index] !== undefined && (token === '*' || token === have[index])),
    ) &&
    (want.at(-1) === '>' || want.length === have.length)
  );
};

test('every event has one subject of its own, on the events stream', () => {
  const subjects = eventContracts.map((event) => event.subject({ org: 'default', env: 'shop' }));
  expect(new Set(subjects).size).toBe(eventContracts.length);
  for (const subject of subjects)
    expect(
      streams.events.subjects.some((filter) => covers(filter, subject)),
      subject,
    ).toBe(true);
});

test("the last token of an event's subject is the last word of its name (protocol 7)", () => {
  for (const event of eventContracts) expect(event.name.split(' ').at(-1)).toBe(event.last);
});

test('every durable listens on a stream that carries its filter, and delivers often enough (protocol 32)', () => {
  for (const durable of Object.values(durables)) {
    const stream = Object.values(streams).find(({ name }) => name === durable.stream);
    expect(
      stream?.subjects.some((subject) => covers(subject, durable.filter) || subject === durable.filter),
      durable.name,
    ).toBe(true);
    expect(durable.maxDeliver).toBeGreaterThanOrEqual(50);
  }
});

test('outputMessageId() differs by organisation, input, subject, ordinal and drive (protocol 9)', () => {
  const output = { org: 'default', inputId: 'a', subject: 's' };
  const ids = [
    output,
    { ...output, org: 'other' },
    { ...output, inputId: 'b' },
    { ...output, subject: 't' },
    { ...output, ordinal: 1 },
    { ...output, drive: 1 },
  ].map((one) => outputMessageId(one));
  expect(new Set(ids).size).toBe(ids.length);
  expect(outputMessageId({ ...output })).toBe(ids[0]);
});

test('the message page names every event, durable and stream', () => {
  const page = messagesPage();
  for (const { template } of eventContracts) expect(page).toContain(template);
  for (const { name } of [...Object.values(durables), ...Object.values(streams)]) expect(page).toContain(name);
});
