/**
 * HTTP dates in the three forms that a server has to accept.
 * Source: RFC 7231, section 7.1.1.1.
 */
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const month = `(?<month>${monthNames.join('|')})`;
const time = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';
const shortDay = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const longDay = '(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)';

const forms = [
  new RegExp(`^${shortDay}, (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDay}, (?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  new RegExp(`^${shortDay} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/** The time of a date, ms since 1970 UTC; undefined for anything else. `nowMs` decides the century of a year of two digits. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return timeOf(groups, nowMs);
  }
  return undefined;
}

function timeOf(groups: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const part = (name: string): number => Number(groups[name]);
  const [day, hour, minute, second] = [part('day'), part('hour'), part('minute'), part('second')];
  const monthIndex = monthNames.indexOf(groups.month ?? '');
  const year = groups.year?.length === 2 ? fullYear(part('year'), nowMs) : part('year');
  // A leap second counts as the first of the next minute.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  if (date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second, 0);
}

/** Never more than 50 years ahead. */
function fullYear(lastDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + lastDigits;
  if (year > thisYear + 50) return year - 100;
  return year <= thisYear - 50 ? year + 100 : year;
}
