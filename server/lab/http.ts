// HTTP as the lab's processes speak it to each other: a traced client and a traced server.
export { type LabRequest, type LabResponse, labRequest } from './http-client.ts';
export { foldedPath, requestNumber } from './http-entries.ts';
export { type TracedRequest, type TraceMiddleware, type TraceOptions, traceServer } from './http-server.ts';
