import { describe, expect, it } from 'vitest';
import { exitReason } from './exit-reason.ts';

const silent = { killed: false, outOfMemory: false, shutdownLog: '', complaint: '' };
const logged = (...causes: number[]) =>
  causes.map((cause) => `qemu_system_shutdown_request reason=${cause}\n`).join('');

describe('why a machine ended', () => {
  it.each([
    ['by an event', { shutdown: 'guest-shutdown' }, 'guest-shutdown'],
    ['found in the log', { shutdownLog: logged(6) }, 'guest-shutdown'],
    ['after resets in the log', { shutdownLog: logged(7, 7, 6) }, 'guest-shutdown'],
    ['just before it was killed', { shutdown: 'guest-shutdown', killed: true }, 'guest-shutdown'],
    ['by its owner', { killed: true }, 'killed'],
    ['by its owner, in order', { killed: true, shutdown: 'host-qmp-quit' }, 'killed'],
    ['after a reset', { shutdownLog: logged(7) }, 'crashed'],
    ['with a log cut short', { shutdownLog: 'qemu_system_shutdown_request rea' }, 'crashed'],
    ['with a cause of a later QEMU', { shutdownLog: logged(42) }, 'crashed'],
  ])('%s', (_how, facts, reason) => {
    expect(exitReason({ ...silent, ...facts })).toMatchObject({ reason });
  });

  it('was a lack of memory, unless its owner or the guest ended it', () => {
    const facts = { ...silent, outOfMemory: true };
    expect(exitReason(facts)).toMatchObject({
      reason: 'crashed',
      detail: expect.stringMatching(/more memory/),
    });
    expect(exitReason({ ...facts, killed: true }).reason).toBe('killed');
    expect(exitReason({ ...facts, shutdown: 'guest-shutdown' }).reason).toBe('guest-shutdown');
  });

  it('has what QEMU wrote when it crashed', () => {
    expect(exitReason({ ...silent, complaint: 'assertion failed\n' })).toEqual({
      reason: 'crashed',
      detail: 'QEMU ended by itself; it wrote: assertion failed',
    });
    expect(exitReason({ ...silent, shutdown: 'host-signal' }).detail).toBe(
      'QEMU was ended by a signal',
    );
  });
});
