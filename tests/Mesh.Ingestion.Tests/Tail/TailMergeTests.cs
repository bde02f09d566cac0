using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Mesh.Ingestion.Query;
using Mesh.Ingestion.Tail;
using Mesh.Ingestion.V1;
using Mesh.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Mesh.Ingestion.Tests.Tail;

/// <summary>The merging of several live paths, with replicas that do as they are told.</summary>
public sealed class TailMergeTests : IDisposable
{
    private readonly TailSubscription _own = new(new LogFilter("acme", Selector.All, ""), _ => { });
    private readonly CancellationTokenSource _reader = new(Wait.Limit);
    private ReplicaList _list = new([], Task.CompletedTask);
    private TaskCompletionSource _changed = new();

    [Fact]
    public async Task What_all_replicas_take_comes_once_and_each_in_its_order()
    {
        var (b, c) = (new Fake("b"), new Fake("c"));
        Tell(b, c);
        await using var merge = Merge();
        for (var i = 0; i < 50; i++)
        {
            _own.Offer(new LogRecord { Body = $"a{i}" });
            b.Send(i, $"b{i}");
            c.Send(i, $"c{i}");
        }

        var bodies = await TakeAsync(merge, 150);
        foreach (var name in new[] { "a", "b", "c" })
            Assert.Equal(Enumerable.Range(0, 50).Select(i => name + i), bodies.Where(body => body.StartsWith(name, StringComparison.Ordinal)));
        var asked = Assert.Single(b.Asked);
        Assert.Equal(("tenants/acme", "{app='shop'}", "text", false), (asked.Parent, asked.Selector, asked.Contains, asked.Undrained));
    }

    [Fact]
    public async Task A_replica_that_breaks_off_is_asked_again_behind_what_it_sent_last()
    {
        var b = new Fake("b");
        Tell(b);
        await using var merge = Merge();
        b.Send(7, "before");
        b.Break();
        Assert.Equal(["before"], await TakeAsync(merge, 1));
        await Wait.UntilAsync("it is asked again", () => b.Asked.Count > 1);
        _own.Offer(new LogRecord { Body = "own" });
        b.Send(8, "after");
        Assert.Equal(["after", "own"], (await TakeAsync(merge, 2)).Order());
        Assert.Equal(7, b.Asked.ElementAt(1).After.Frame);
    }

    [Fact]
    public async Task A_replica_that_sent_nothing_is_asked_again_behind_what_did_not_match()
    {
        var b = new Fake("b");
        Tell(b);
        await using var merge = Merge();
        b.Send(7, "before");
        b.Note(900);
        b.Break();
        await Wait.UntilAsync("it is asked again", () => b.Asked.Count > 1);
        Assert.Equal(900, b.Asked.ElementAt(1).After.Frame);
        b.Send(901, "after");
        Assert.Equal(["before", "after"], await TakeAsync(merge, 2));
    }

    [Fact]
    public async Task A_fault_of_the_merge_ends_the_stream_and_does_not_leave_the_reader_waiting()
    {
        Tell();
        var lists = new Queue<ReplicaList>([_list]);
        await using var merge = new TailMerge(_own, lists.Dequeue, new(), TimeProvider.System, NullLogger.Instance, _reader.Token);
        _own.Offer(new LogRecord { Body = "own" });
        Assert.Equal(["own"], await TakeAsync(merge, 1));
        Tell();
        await Assert.ThrowsAsync<InvalidOperationException>(() => TakeAsync(merge, 1));
    }

    [Fact]
    public async Task Replicas_come_go_and_come_back_while_a_reader_reads()
    {
        var b = new Fake("b");
        Tell();
        await using var merge = Merge();
        await merge.OpenedAsync();
        Tell(b);
        b.Send(1, "come");
        Assert.Equal(["come"], await TakeAsync(merge, 1));
        Assert.True(Assert.Single(b.Asked).Undrained);

        b.Go();
        Tell();
        await Wait.UntilAsync("it is left alone", () => b.Open == 0);
        var back = new Fake("b");
        Tell(back);
        back.Send(2, "back");
        Assert.Equal(["back"], await TakeAsync(merge, 1));
        Assert.Equal(1, Assert.Single(back.Asked).After.Frame);
        Assert.Single(b.Asked);
    }

    [Fact]
    public async Task Who_does_not_read_holds_few_pieces_and_hears_what_was_left_out()
    {
        var b = new Fake("b");
        Tell(b);
        await using var merge = Merge();
        for (var i = 0; i < 100; i++)
            b.Send(i, $"b{i}");
        await Wait.UntilAsync("the merge is full", () => b.Sent >= 5);
        b.Drop(3);
        Assert.InRange(b.Sent, 5, 6);
        Assert.Equal(100, (await TakeAsync(merge, 100)).Count);
        await foreach (var piece in merge.PiecesAsync(_reader.Token))
        {
            Assert.Equal(3, piece.Dropped);
            break;
        }
    }

    [Fact]
    public async Task The_reader_s_end_ends_what_was_asked_for_him()
    {
        var b = new Fake("b");
        Tell(b);
        var merge = Merge();
        await Wait.UntilAsync("it is asked", () => b.Open == 1);
        await _reader.CancelAsync();
        await merge.DisposeAsync();
        Assert.Equal(0, b.Open);
    }

    public void Dispose()
    {
        _own.Dispose();
        _reader.Dispose();
    }

    private TailMerge Merge() => new(
        _own, () => Volatile.Read(ref _list), new() { Parent = "tenants/acme", Selector = "{app='shop'}", Contains = "text" }, TimeProvider.System,
        NullLogger.Instance, _reader.Token);

    private void Tell(params Fake[] replicas)
    {
        var before = _changed;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _list, new([.. replicas.Select(replica => replica.Replica)], _changed.Task));
        before.SetResult();
    }

    private async Task<List<string>> TakeAsync(TailMerge merge, int count)
    {
        var bodies = new List<string>();
        await foreach (var piece in merge.PiecesAsync(_reader.Token))
        {
            bodies.AddRange(piece.Records.Select(record => record.Body));
            if (bodies.Count >= count)
                break;
        }

        return bodies;
    }

    private sealed class Fake
    {
        private readonly Channel<TailReplicaResponse?> _pieces = Channel.CreateUnbounded<TailReplicaResponse?>();
        private readonly CancellationTokenSource _gone = new();
        private int _open;
        private int _sent;

        public Fake(string id) => Replica = new(id, TailAsync, _gone.Token);

        public Replica Replica { get; }

        public ConcurrentQueue<TailReplicaRequest> Asked { get; } = [];

        public int Open => Volatile.Read(ref _open);

        public int Sent => Volatile.Read(ref _sent);

        public void Send(long frame, string body) =>
            _pieces.Writer.TryWrite(new() { Records = { new LogRecord { Body = body } }, Position = new() { Frame = frame } });

        public void Note(long frame) => _pieces.Writer.TryWrite(new() { Position = new() { Frame = frame } });

        public void Drop(long count) => _pieces.Writer.TryWrite(new() { Dropped = count, Position = new() });

        public void Break() => _pieces.Writer.TryWrite(null);

        public void Go() => _gone.Cancel();

        private async IAsyncEnumerable<TailReplicaResponse> TailAsync(
            TailReplicaRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Asked.Enqueue(request);
            Interlocked.Increment(ref _open);
            try
            {
                await foreach (var piece in _pieces.Reader.ReadAllAsync(cancellationToken))
                {
                    Interlocked.Increment(ref _sent);
                    yield return piece ?? throw new IOException("The connection broke.");
                }
            }
            finally
            {
                Interlocked.Decrement(ref _open);
            }
        }
    }
}
