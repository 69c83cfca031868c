"""The workloads in SimPy; prints `name nanoseconds-per-event` lines."""

import math
import time

import simpy

LEN = 4096
MASK = (1 << 64) - 1


def exponential(mean):
    return [int(-math.log(1.0 - (i + 0.5) / LEN) * mean) + 1 for i in range(LEN)]


class Draws:
    def __init__(self, values):
        self.values = values
        self.random = 1

    def next(self):
        self.random = (self.random * 0xD1342543DE82EF95 + 1) & MASK
        return self.values[self.random >> 52]


def report(name, env, until, events):
    begin = time.process_time_ns()
    env.run(until=until)
    print(name, (time.process_time_ns() - begin) / events(), flush=True)


def hold(pending):
    env, draws, count = simpy.Environment(), Draws(exponential(1_000_000)), [0]

    def process():
        while True:
            yield env.timeout(draws.next())
            count[0] += 1

    for _ in range(pending):
        env.process(process())
    env.run(until=2_000_000)
    warm = count[0]
    report("hold", env, 2_000_000 + 200_000 * 1_000_000 // pending, lambda: count[0] - warm)


def ping_pong():
    env, count = simpy.Environment(), [0]
    a, b = simpy.Store(env), simpy.Store(env)

    def player(inbox, outbox):
        while True:
            ball = yield inbox.get()
            count[0] += 1
            yield env.timeout(1)
            yield outbox.put(ball + 1)

    env.process(player(a, b))
    env.process(player(b, a))
    a.put(0)
    report("ping-pong", env, 100_000, lambda: count[0])


def mm1():
    env, count = simpy.Environment(), [0]
    arrivals, services = Draws(exponential(10_000)), Draws(exponential(9_000))
    server = simpy.Resource(env, capacity=1)

    def customer():
        with server.request() as turn:
            yield turn
            yield env.timeout(services.next())
        count[0] += 1

    def source():
        while True:
            yield env.timeout(arrivals.next())
            count[0] += 1
            env.process(customer())

    env.process(source())
    report("mm1", env, 50_000 * 10_000, lambda: count[0])


def fan_out():
    env, count = simpy.Environment(), [0]
    delays = Draws([i * 2 * 10_000 // LEN + 1 for i in range(LEN)])

    def edge():
        yield env.timeout(delays.next())
        count[0] += 2

    def controller():
        while True:
            yield env.timeout(100_000)
            count[0] += 1
            for _ in range(1000):
                env.process(edge())

    env.process(controller())
    report("fan-out", env, 50 * 100_000, lambda: count[0])


hold(1000)
ping_pong()
mm1()
fan_out()
