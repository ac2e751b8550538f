// Which answer belongs to which request, from causes alone: an answer follows from the request that its sender received.
import type { Entry } from './journal.ts';
import { causeChain } from './projection.ts';
import { type Journey, journeysOf } from './sequence.ts';
import { answered } from './sequence-rows.ts';

/** The other half of a conversation: the answer to a request, the request of an answer; undefined while there is none. */
export function otherHalf(entries: readonly Entry[], journey: Journey): Journey | undefined {
  return answered(journey.name) === undefined ? answerTo(entries, journey) : requestOf(entries, journey);
}

function requestOf(entries: readonly Entry[], answer: Journey): Journey | undefined {
  const journeys = journeysOf(entries);
  const chain = causeChain(entries, answer.sent ?? answer.seq);
  const asked = chain.findLast((e) => {
    if (e.type !== 'message' || e.phase !== 'received' || e.transport !== answer.transport) return false;
    const mine = journeys.of(e.seq)?.arrivals.some((a) => a.lane === answer.lane);
    return mine === true && (e.name === answered(answer.name) || answer.name === 'ErrorResponse');
  });
  return asked && journeys.of(asked.seq);
}

/** Looked for among what came after: there is one for each request, and it is seldom far. */
function answerTo(entries: readonly Entry[], request: Journey): Journey | undefined {
  const { all } = journeysOf(entries);
  for (let i = indexOf(all, request.seq) + 1; i < all.length; i++) {
    const answer = all[i];
    if (!answer || answer.transport !== request.transport) continue;
    const fits = answered(answer.name) === request.name || answer.name === 'ErrorResponse';
    const back = fits && request.arrivals.some((a) => a.lane === answer.lane);
    if (back && requestOf(entries, answer) === request) return answer;
  }
  return undefined;
}

function indexOf(all: readonly Journey[], seq: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
