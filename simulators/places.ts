/**
 * Where virtual fleets are at home: towns with dry land and roads for a dozen kilometres around, and the mobile network there.
 */

export interface Place {
  readonly name: string;
  /** Degrees, WGS 84. */
  readonly lat: number;
  readonly lng: number;
  /** Metres above the sea. */
  readonly altitudeM: number;
  /** Mobile country and network code. Source: ITU-T E.212, list of mobile network codes. */
  readonly mcc: number;
  readonly mnc: number;
  /** Mean temperature of the air, degrees Celsius. */
  readonly airC: number;
}

export const places: readonly Place[] = [
  { name: 'Berlin', lat: 52.5163, lng: 13.3777, altitudeM: 38, mcc: 262, mnc: 1, airC: 14 },
  { name: 'Warszawa', lat: 52.2319, lng: 21.0067, altitudeM: 106, mcc: 260, mnc: 2, airC: 13 },
  { name: 'Vilnius', lat: 54.6872, lng: 25.2797, altitudeM: 112, mcc: 246, mnc: 2, airC: 11 },
  { name: 'Madrid', lat: 40.4189, lng: -3.6919, altitudeM: 650, mcc: 214, mnc: 7, airC: 21 },
  { name: 'Paris', lat: 48.8606, lng: 2.3376, altitudeM: 40, mcc: 208, mnc: 1, airC: 16 },
  { name: 'Nairobi', lat: -1.2864, lng: 36.8172, altitudeM: 1661, mcc: 639, mnc: 2, airC: 20 },
  { name: 'Johannesburg', lat: -26.2023, lng: 28.0436, altitudeM: 1750, mcc: 655, mnc: 1, airC: 18 },
  { name: 'São Paulo', lat: -23.5489, lng: -46.6388, altitudeM: 760, mcc: 724, mnc: 5, airC: 21 },
];
