/**
 * The user: `user/get_info`, `user/settings/read`, `user/settings/update`. Zone and measurement system act on answers; the other settings
 * are kept for clients.
 */
import { type Static, Type } from '@sinclair/typebox';
import { IANAZone } from 'luxon';
import { legalTypeOf } from '../../../store/registration.js';
import type { UserRow } from '../../../store/rows.js';
import { dateTime } from '../bodies.js';
import { type CallContext, defineCall, noParams } from '../call.js';
import { NavixyError } from '../errors.js';
import { nullable, oneOf } from '../param-types.js';
import { checked } from '../params.js';
import { dealerId } from './user.js';

const timeZone = checked(Type.String({ maxLength: 64, description: 'IANA zone' }), (text) =>
  IANAZone.isValidZone(text) ? undefined : 'must be a known time zone',
);
const locale = Type.String({ pattern: '^[a-z]{2,3}(?:[_-][A-Z]{2})?$', description: '`en`, `en_US`' });
const measurementSystem = oneOf(['metric', 'imperial', 'us', 'metric_gal_us', 'nautical']);

/** Settings that are kept as they come, with what holds before one is given. */
const keptSettings = {
  date_format: oneOf([
    ...(['ddMMyyyy_dots', 'ddMMyyyy_slashes', 'MMddyyyy_hyphens'] as const),
    ...(['yyyyMMdd_hyphens', 'dMMMy', 'dMMMMy'] as const),
  ]),
  hour_mode: oneOf(['TWENTY_FOUR_HOURS', 'TWELVE_HOURS']),
  geocoder: oneOf(['google', 'yandex', 'progorod', 'osm', 'locationiq']),
  route_provider: oneOf(['google', 'progorod', 'osrm']),
  translit: Type.Boolean(),
};
const defaultSettings = {
  date_format: 'yyyyMMdd_hyphens',
  hour_mode: 'TWENTY_FOUR_HOURS',
  geocoder: 'osm',
  route_provider: 'osrm',
  translit: false,
} as const;

const warningPeriod = Type.String({ pattern: '^\\d{1,3}d$', description: 'Days: `7d`' });
const otherSettings = {
  file_storage_settings: Type.Object({ auto_overwrite: Type.Boolean() }),
  balance_alert_settings: Type.Object({ emails: Type.Array(Type.String({ maxLength: 254 }), { maxItems: 100 }) }),
  first_user_balance_warning_period: warningPeriod,
  second_user_balance_warning_period: warningPeriod,
};
const defaultOthers = {
  file_storage_settings: { auto_overwrite: false },
  balance_alert_settings: { emails: [] },
  first_user_balance_warning_period: '7d',
  second_user_balance_warning_period: '2d',
};

const settingsSchema = Type.Object({
  time_zone: timeZone,
  locale,
  measurement_system: measurementSystem,
  ...keptSettings,
});
const otherSchema = Type.Object(otherSettings);

/** The row keeps only what passed the schema of `user/settings/update`. */
type Kept = Partial<Pick<Static<typeof settingsSchema>, keyof typeof keptSettings> & Static<typeof otherSchema>>;

function settingsOf(user: UserRow): Static<typeof settingsSchema> {
  const kept = { ...defaultSettings, ...(user.preferences as Kept | undefined) };
  return {
    time_zone: user.timeZone,
    locale: user.locale,
    measurement_system: user.measurementSystem,
    date_format: kept.date_format,
    hour_mode: kept.hour_mode,
    geocoder: kept.geocoder,
    route_provider: kept.route_provider,
    translit: kept.translit,
  };
}

const read = defineCall({
  name: 'user/settings/read',
  summary: 'Settings of the user',
  params: noParams,
  response: { settings: settingsSchema, ...otherSettings },
  handler: ({ user }) => {
    const kept = { ...defaultOthers, ...(user.preferences as Kept | undefined) };
    return {
      settings: settingsOf(user),
      file_storage_settings: kept.file_storage_settings,
      balance_alert_settings: kept.balance_alert_settings,
      first_user_balance_warning_period: kept.first_user_balance_warning_period,
      second_user_balance_warning_period: kept.second_user_balance_warning_period,
    };
  },
});

const update = defineCall({
  name: 'user/settings/update',
  summary: 'Changes settings of the user; what is left out stays as it is',
  params: Type.Partial(Type.Object({ ...settingsSchema.properties, ...otherSettings })),
  response: {},
  handler: async (context, params) => {
    const { time_zone, locale: language, measurement_system, ...others } = params;
    await context.services.store.change((tx) => {
      const user = tx.registry.get('user', context.user.id);
      if (user === undefined) throw new NavixyError(4);
      tx.put('user', {
        ...user,
        timeZone: time_zone ?? user.timeZone,
        locale: language ?? user.locale,
        measurementSystem: measurement_system ?? user.measurementSystem,
        preferences: { ...user.preferences, ...others },
      });
    });
    return {};
  },
});

const text = Type.String();
const userInfoSchema = Type.Object({
  id: Type.Integer(),
  login: text,
  title: text,
  phone: text,
  creation_date: dateTime,
  balance: Type.Number(),
  bonus: Type.Number(),
  demo: Type.Boolean(),
  verified: Type.Boolean(),
  legal_type: oneOf(['legal_entity', 'individual', 'sole_trader']),
  default_geocoder: text,
  route_provider: text,
  locale: text,
  time_zone: text,
  measurement_system: measurementSystem,
  date_format: text,
  hour_mode: text,
  first_name: text,
  middle_name: text,
  last_name: text,
  legal_name: nullable(text),
});

/** Nothing is known of people but their logins. */
function userInfo({ services, dates }: CallContext, user: UserRow): Static<typeof userInfoSchema> {
  const account = services.store.registry.get('account', user.accountId);
  const settings = settingsOf(user);
  return {
    id: user.id,
    login: user.login,
    title: user.login,
    phone: '',
    creation_date: dates.format(user.createdAt),
    ...{ balance: 0, bonus: 0, demo: false, verified: true },
    legal_type: account === undefined ? 'legal_entity' : legalTypeOf(account),
    default_geocoder: settings.geocoder,
    route_provider: settings.route_provider,
    locale: user.locale,
    time_zone: user.timeZone,
    measurement_system: user.measurementSystem,
    date_format: settings.date_format,
    hour_mode: settings.hour_mode,
    ...{ first_name: '', middle_name: '', last_name: '', legal_name: null },
  };
}

const getInfo = defineCall({
  name: 'user/get_info',
  summary: 'The user, and for a sub-user the master user and the rights',
  params: Type.Object({ application: Type.Optional(Type.String({ maxLength: 255 })) }),
  response: {
    paas_id: Type.Integer(),
    paas_settings: Type.Object({}, { additionalProperties: true }),
    user_info: userInfoSchema,
    tariff_restrictions: Type.Object({ allowed_maps: Type.Array(text) }),
    premium_gis: Type.Boolean(),
    features: Type.Array(text),
    master: Type.Optional(userInfoSchema),
    privileges: Type.Optional(Type.Object({ rights: Type.Array(text) })),
  },
  handler: (context) => {
    const { user } = context;
    const master = user.master ? undefined : masterOf(context);
    return {
      paas_id: dealerId,
      paas_settings: {},
      user_info: userInfo(context, user),
      tariff_restrictions: { allowed_maps: ['osm'] },
      premium_gis: false,
      features: [],
      ...(master === undefined ? {} : { master: userInfo(context, master) }),
      ...(user.master ? {} : { privileges: { rights: [...user.rights] } }),
    };
  },
});

function masterOf({ services, user }: CallContext): UserRow | undefined {
  for (const each of services.store.registry.all('user')) {
    if (each.master && each.accountId === user.accountId) return each;
  }
  return undefined;
}

export const userSettingsCalls = [getInfo, read, update] as const;
