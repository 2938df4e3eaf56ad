/**
 * Look-ups of the licence API: by the names that requests use.
 */
import { Index, type IndexesByTable } from '../row-index.js';
import type {
  DeviceVariableRow,
  LicenseApiKeyRow,
  LicenseBlacklistRow,
  LicenseDeviceRow,
  LicenseProductRow,
  LicenseRow,
  LicenseUserRow,
} from './rows.js';
import { ShownVariables } from './shown-variables.js';

export class LicenseLookUps {
  readonly #productsByCode = new Index<LicenseProductRow>((row) => row.code);
  readonly #licensesByKey = new Index<LicenseRow>((row) => row.key);
  readonly #licensesByProduct = new Index<LicenseRow>((row) => row.productId);
  readonly #licensesByUser = new Index<LicenseRow>((row) => row.userIds);
  readonly #usersByEmail = new Index<LicenseUserRow>((row) => row.email.toLowerCase());
  readonly #keysByProduct = new Index<LicenseApiKeyRow>((row) => row.productIds);
  readonly #devicesByLicense = new Index<LicenseDeviceRow>((row) => row.licenseId);
  readonly #devicesByHardware = new Index<LicenseDeviceRow>((row) => row.hardwareId);
  readonly #devices = new Index<LicenseDeviceRow>((row) => `${row.licenseId}/${row.hardwareId}`);
  readonly #blacklist = new Index<LicenseBlacklistRow>((row) => row.hardwareId);
  readonly #variablesByDevice = new Index<DeviceVariableRow>((row) => row.deviceId);
  readonly #variables = new Index<DeviceVariableRow>((row) => `${row.deviceId}/${row.name}`);
  /** What units show of them. */
  readonly shown = new ShownVariables();

  readonly indexes: IndexesByTable = {
    licenseApiKey: [this.#keysByProduct],
    licenseProduct: [this.#productsByCode],
    license: [this.#licensesByKey, this.#licensesByProduct, this.#licensesByUser],
    licenseUser: [this.#usersByEmail],
    licenseDevice: [this.#devicesByLicense, this.#devicesByHardware, this.#devices, this.shown.ofDevices],
    licenseBlacklist: [this.#blacklist],
    deviceVariable: [this.#variablesByDevice, this.#variables, this.shown.ofVariables],
  };

  productByCode(code: string): LicenseProductRow | undefined {
    return this.#productsByCode.get(code)[0];
  }

  licenseByKey(key: string): LicenseRow | undefined {
    return this.#licensesByKey.get(key)[0];
  }

  licensesOfProduct(productId: number): readonly LicenseRow[] {
    return this.#licensesByProduct.get(productId);
  }

  licensesOfUser(userId: number): readonly LicenseRow[] {
    return this.#licensesByUser.get(userId);
  }

  userByEmail(email: string): LicenseUserRow | undefined {
    return this.#usersByEmail.get(email.toLowerCase())[0];
  }

  /** API keys that are for some products only, this one among them. */
  apiKeysOfProduct(productId: number): readonly LicenseApiKeyRow[] {
    return this.#keysByProduct.get(productId);
  }

  /** Active or not. */
  device(licenseId: number, hardwareId: string): LicenseDeviceRow | undefined {
    return this.#devices.get(`${licenseId}/${hardwareId}`)[0];
  }

  devicesOfLicense(licenseId: number): readonly LicenseDeviceRow[] {
    return this.#devicesByLicense.get(licenseId);
  }

  devicesOfHardware(hardwareId: string): readonly LicenseDeviceRow[] {
    return this.#devicesByHardware.get(hardwareId);
  }

  /** Entries of the blacklist, for any product. */
  blacklistOf(hardwareId: string): readonly LicenseBlacklistRow[] {
    return this.#blacklist.get(hardwareId);
  }

  variable(deviceId: number, name: string): DeviceVariableRow | undefined {
    return this.#variables.get(`${deviceId}/${name}`)[0];
  }

  variablesOfDevice(deviceId: number): readonly DeviceVariableRow[] {
    return this.#variablesByDevice.get(deviceId);
  }
}
