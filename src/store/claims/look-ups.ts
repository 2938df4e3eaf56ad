/**
 * Look-ups of the claim API. Counts are sizes of look-ups, so they cannot differ from the rows they count.
 */
import { Index, type IndexesByTable } from '../row-index.js';
import type { ClaimRow, DeviceLicenceRow, ProjectRow, ProvisionJobRow, TokenRow } from './rows.js';

const ifOpen = <T>(claim: ClaimRow, key: T): T | undefined => (claim.unclaimedAt === undefined ? key : undefined);
const ifActive = <T>(licence: DeviceLicenceRow, key: T): T | undefined =>
  licence.deactivatedAt === undefined ? key : undefined;

export class ClaimLookUps {
  readonly #projectsByApp = new Index<ProjectRow>((row) => row.appId);
  readonly #projectsByMember = new Index<ProjectRow>((row) => row.memberIds);
  readonly #licencesByProject = new Index<DeviceLicenceRow>((row) => row.projectId);
  readonly #activeByProject = new Index<DeviceLicenceRow>((row) => ifActive(row, row.projectId));
  readonly #activeByExternalId = new Index<DeviceLicenceRow>((row) =>
    row.externalId === undefined || row.appId === undefined
      ? undefined
      : ifActive(row, externalKey(row.appId, row.externalId)),
  );
  readonly #claimsByDevice = new Index<ClaimRow>((row) => row.deviceId);
  readonly #openByDevice = new Index<ClaimRow>((row) => ifOpen(row, row.deviceId));
  readonly #openByProject = new Index<ClaimRow>((row) => ifOpen(row, row.projectId));
  readonly #openBySource = new Index<ClaimRow>((row) => ifOpen(row, row.sourceId));
  readonly #tokensByUser = new Index<TokenRow>((row) => row.userId);
  readonly #tokensByClaim = new Index<TokenRow>((row) => row.claimId);
  readonly #tokensByProject = new Index<TokenRow>((row) => (row.kind === 'client' ? row.projectId : undefined));
  readonly #jobsByProject = new Index<ProvisionJobRow>((row) => row.projectId);

  readonly indexes: IndexesByTable = {
    project: [this.#projectsByApp, this.#projectsByMember],
    deviceLicence: [this.#licencesByProject, this.#activeByProject, this.#activeByExternalId],
    claim: [this.#claimsByDevice, this.#openByDevice, this.#openByProject, this.#openBySource],
    token: [this.#tokensByUser, this.#tokensByClaim, this.#tokensByProject],
    provisionJob: [this.#jobsByProject],
  };

  projectByApp(appId: string): ProjectRow | undefined {
    return this.#projectsByApp.get(appId)[0];
  }

  projectsOfMember(userId: number): readonly ProjectRow[] {
    return this.#projectsByMember.get(userId);
  }

  /** Devices that a project has provisioned, those whose licence has ended included. */
  licencesOf(projectId: string): readonly DeviceLicenceRow[] {
    return this.#licencesByProject.get(projectId);
  }

  /** Devices of a vendor whose licence has not ended. */
  activeLicencesOf(projectId: string): readonly DeviceLicenceRow[] {
    return this.#activeByProject.get(projectId);
  }

  /** The virtual device of this name, unless its licence has ended. */
  virtualDevice(appId: string, externalId: string): DeviceLicenceRow | undefined {
    return this.#activeByExternalId.get(externalKey(appId, externalId))[0];
  }

  /** Every claim of a device there ever was, in no order. */
  claimsOf(deviceId: string): readonly ClaimRow[] {
    return this.#claimsByDevice.get(deviceId);
  }

  /** The claim that holds now. */
  openClaimOf(deviceId: string): ClaimRow | undefined {
    return this.#openByDevice.get(deviceId)[0];
  }

  openClaimOfSource(sourceId: number): ClaimRow | undefined {
    return this.#openBySource.get(sourceId)[0];
  }

  /** Claims that hold now, of all projects. */
  get openCount(): number {
    let count = 0;
    for (const _claim of this.#openBySource.rows()) count++;
    return count;
  }

  /** What a project owns now, in no order. */
  openClaimsOf(projectId: string): readonly ClaimRow[] {
    return this.#openByProject.get(projectId);
  }

  tokensOfUser(userId: number): readonly TokenRow[] {
    return this.#tokensByUser.get(userId);
  }

  tokensOfClaim(claimId: string): readonly TokenRow[] {
    return this.#tokensByClaim.get(claimId);
  }

  /** Tokens of the project's applications. */
  clientTokensOf(projectId: string): readonly TokenRow[] {
    return this.#tokensByProject.get(projectId);
  }

  jobsOf(projectId: string): readonly ProvisionJobRow[] {
    return this.#jobsByProject.get(projectId);
  }
}

function externalKey(appId: string, externalId: string): string {
  return `${appId} ${externalId}`;
}
