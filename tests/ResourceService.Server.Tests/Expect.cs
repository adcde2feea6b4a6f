using Google.Protobuf.Reflection;

namespace ResourceService.Server.Tests;

/// <summary>What the contract promises of errors and books, asserted in one place.</summary>
internal static class Expect
{
    /// <summary>The call fails with this code and reason, and with everything that the contract promises of every error.</summary>
    public static async Task<RpcFailure> ErrorAsync<T>(AsyncUnaryCall<T> call, StatusCode code, string reason)
    {
        var cause = await Assert.ThrowsAsync<RpcException>(async () => await call);
        return Error(RpcFailure.Of(cause), code, reason);
    }

    /// <summary>A stream fails with this code and reason.</summary>
    public static async Task<RpcFailure> ErrorAsync<T>(IAsyncStreamReader<T> responses, StatusCode code, string reason)
    {
        var cause = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
            }
        });
        return Error(RpcFailure.Of(cause), code, reason);
    }

    /// <summary>An error inside a batch or a stream has this code and reason.</summary>
    public static RpcFailure Error(Google.Rpc.Status? status, StatusCode code, string reason)
    {
        Assert.NotNull(status);
        return Error(new RpcFailure(status), code, reason);
    }

    /// <summary>Every node's usage is the sum of its claims and within its capacity.</summary>
    public static async Task BalancedBooksAsync(ServiceClients clients) => Assert.Empty((await LedgerBooks.ReadAsync(clients)).Imbalances());

    /// <summary>What is used is what is claimed, on every node. A node may be over its capacity: another test may have let its inventory shrink.</summary>
    public static async Task SoundLedgerAsync(ServiceClients clients) =>
        Assert.Empty((await clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest())).Differences);

    /// <summary>Nothing that an operator should look at was logged; if there is, all of it is shown.</summary>
    public static void Quiet(ServiceLogLines log) => Assert.False(log.Troubles.Any(), log.ToString());

    // What reflection describes, so that whoever has no files can read the details.
    private static readonly Lazy<HashSet<string>> _described = new(() =>
    {
        using var set = typeof(Claim).Assembly.GetManifestResourceStream("contract.protoset");
        return [.. FileDescriptorSet.Parser.ParseFrom(set).File.SelectMany(file => file.MessageType.Select(message => $"{file.Package}.{message.Name}"))];
    });

    private static RpcFailure Error(RpcFailure failure, StatusCode code, string reason)
    {
        Assert.True(failure.Code == code && failure.Reason == reason, $"Expected {code} {reason}, got {failure}");
        Assert.Equal("resourceservice", failure.Domain);
        Assert.NotEmpty(failure.Message);
        Assert.Subset(_described.Value, failure.DetailTypes.ToHashSet());
        Assert.Equal(code == StatusCode.Unavailable, failure.RetryDelay is not null);
        return failure;
    }
}
