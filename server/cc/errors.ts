// The API's errors: one table of code, HTTP status and text, as cc: vendor/errors/v2.yml numbers them.
// An ApiError is an expected outcome that a client sees; anything else becomes ServerError.

const TABLE = {
  InvalidAuthToken: [1000, 401, 'Invalid Auth Token'],
  MessageParseError: [1001, 400, 'Request invalid due to parse error: %s'],
  InvalidRelation: [1002, 400, '%s'],
  NotFound: [10000, 404, 'Unknown request'],
  ServerError: [10001, 500, 'Server error: %s'],
  NotAuthenticated: [10002, 401, 'Authentication error'],
  BadQueryParameter: [10005, 400, 'The query parameter is invalid: %s'],
  AssociationNotEmpty: [10006, 400, 'Please delete the %s first'],
  OrganizationInvalid: [30001, 400, 'The organization info is invalid: %s'],
  OrganizationNameTaken: [30002, 400, 'The organization name is taken: %s'],
  OrganizationNotFound: [30003, 404, 'The organization could not be found: %s'],
  SpaceInvalid: [40001, 400, 'The app space info is invalid: %s'],
  SpaceNameTaken: [40002, 400, 'The app space name is taken: %s'],
  SpaceNotFound: [40004, 404, 'The app space could not be found: %s'],
  AppInvalid: [100001, 400, 'The app is invalid: %s'],
  AppNameTaken: [100002, 400, 'The app name is taken: %s'],
  AppNotFound: [100004, 404, 'The app could not be found: %s'],
  DomainInvalid: [130001, 400, 'The domain is invalid: %s'],
  DomainNotFound: [130002, 404, 'The domain could not be found: %s'],
  DomainNameTaken: [130003, 400, 'The domain name is taken: %s'],
  AppPackageInvalid: [150001, 400, 'The app package is invalid: %s'],
  AppPackageNotFound: [150002, 404, 'The app package could not be found: %s'],
  AppBitsUploadInvalid: [160001, 400, 'The app upload is invalid: %s'],
  StagingError: [170001, 400, 'Staging error: %s'],
  NotStaged: [170002, 400, 'App has not finished staging'],
  NoAppDetectedError: [170003, 400, 'An app was not successfully detected by any available buildpack'],
  BuildpackCompileFailed: [170004, 400, 'App staging failed in the buildpack compile phase'],
  BuildpackReleaseFailed: [170005, 400, 'App staging failed in the buildpack release phase'],
  AppStoppedStatsError: [200003, 400, 'Could not fetch stats for stopped app: %s'],
  RouteInvalid: [210001, 400, 'The route is invalid: %s'],
  RouteNotFound: [210002, 404, 'The route could not be found: %s'],
  RouteHostTaken: [210003, 400, 'The host is taken: %s'],
  InstancesError: [220001, 400, 'Instances error: %s'],
  EventNotFound: [230002, 404, 'Event could not be found: %s'],
  StackNotFound: [250003, 404, 'The stack could not be found: %s'],
  BuildpackNameTaken: [290001, 400, 'The buildpack name is already in use: %s'],
  BuildpackBitsUploadInvalid: [290002, 400, 'The buildpack upload is invalid: %s'],
  BuildpackInvalid: [290003, 400, 'Buildpack is invalid: %s'],
  BuildpackLocked: [290005, 409, 'The buildpack is locked'],
  DropletUploadInvalid: [380002, 400, 'The droplet upload is invalid: %s'],
} as const satisfies Record<string, readonly [code: number, status: number, text: string]>;

export type ErrorType = keyof typeof TABLE;

export interface ErrorBody {
  code: number;
  description: string;
  error_code: string;
}

/** An error that the client is told. `message` is the whole description. */
export class ApiError extends Error {
  readonly type: ErrorType;
  readonly status: number;
  readonly code: number;

  constructor(type: ErrorType, detail = '', options?: ErrorOptions) {
    const [code, status, text] = TABLE[type];
    super(
      text.replace('%s', () => detail),
      options,
    );
    this.name = 'ApiError';
    this.type = type;
    this.code = code;
    this.status = status;
  }

  /** An error whose whole text is known already: what a machine or a record kept of an earlier one. */
  static again(type: ErrorType, message: string): ApiError {
    const error = new ApiError(type);
    error.message = message;
    return error;
  }

  body(): ErrorBody {
    return { code: this.code, description: this.message, error_code: `CF-${this.type}` };
  }
}

/** The error type of this name, or `fallback` when the table has none. */
export function errorType(name: string, fallback: ErrorType): ErrorType {
  return isErrorType(name) ? name : fallback;
}

function isErrorType(name: string): name is ErrorType {
  return Object.hasOwn(TABLE, name);
}

/** What a client is told about any failure. A bug is a ServerError with its cause in one line. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const cause = error instanceof Error ? error.message : String(error);
  return new ApiError('ServerError', cause.split('\n')[0], { cause: error });
}
