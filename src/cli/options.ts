/**
 * Settings as command line options: derived from the schema of `config.ts`, so that each setting is declared once.
 */
import { type Command, Option } from 'commander';
import { type Setting, settings } from '../config.js';

/** Adds an option for every setting. Values stay texts; `readConfig` parses and judges them. */
export function addSettings(command: Command, only: (setting: Setting) => boolean = () => true): Command {
  for (const setting of settings.filter(only)) command.addOption(optionOf(setting));
  return command;
}

function optionOf(setting: Setting): Option {
  const shown =
    setting.default === undefined || setting.type === 'list' ? '' : ` (default ${JSON.stringify(setting.default)})`;
  const description = `${setting.description}${setting.type === 'flag' ? '' : shown} [${setting.variable}]`;
  if (setting.type === 'flag') return new Option(`--${setting.option}`, description);
  const option = new Option(`--${setting.option} <${setting.type === 'number' ? 'n' : 'value'}>`, description);
  if (setting.type !== 'list') return option;
  return option.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
}
