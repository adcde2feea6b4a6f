using Google.Protobuf;
using ResourceService.Server.Tests.Paging;
using ResourceService.Server.Tests.Telemetry;

namespace ResourceService.Server.Tests.Security;

public sealed class MeasuredWordyFleet : WordyFleet
{
    public MeasuredWordyFleet()
        : this(MetricsPage.FreePort())
    {
    }

    private MeasuredWordyFleet(int port)
        : base($"--Metrics:Port={port}") => Port = port;

    internal int Port { get; }
}

/// <summary>Clients open calls and reset them: at once and all of them, or for reasons that clients have. Each test comes from an address of its own.</summary>
public sealed class WhenCallsAreTakenBack(MeasuredWordyFleet service) : IClassFixture<MeasuredWordyFleet>
{
    private const string List = "/resourceservice.v1.NodeService/ListNodes";
    private const string Get = "/resourceservice.v1.NodeService/GetNode";
    private const string Watch = "/resourceservice.v1.AuditService/WatchEvents";
    private const string Verify = "/resourceservice.v1.AuditService/VerifyLedger";
    private const int Window = 65_535;

    private static readonly byte[] _page = new ListNodesRequest { Detail = NodeDetail.Full, PageSize = 1000 }.ToByteArray();
    private static readonly byte[] _noNode = new GetNodeRequest { NodeId = "no-such-node" }.ToByteArray();
    private static readonly byte[] _history = new WatchEventsRequest { Revision = 1 }.ToByteArray();

    [Fact]
    public async Task Nothing_is_made_for_lists_that_were_taken_back()
    {
        const int Calls = 400;
        // Each would be a page of one MiB, and the objects that it is made from.
        const double AllocatedMax = Calls * 0.25 * (1 << 20);
        await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, Window, "127.0.0.3");
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());
        var before = await AllocatedAsync();

        for (var i = 0; i < Calls; i += 50)
            await connection.CallAndResetAsync(List, _page, 50);
        await AnsweredAsync(connection);
        // What was in line before it has had its turn when this has.
        await service.Clients.Nodes.ListNodesAsync(new ListNodesRequest());

        Assert.InRange(await AllocatedAsync() - before, 0, AllocatedMax);
    }

    [Theory]
    [InlineData(Get, "127.0.0.4")]
    [InlineData(List, "127.0.0.5")]
    [InlineData(Watch, "127.0.0.6")]
    [InlineData(Verify, "127.0.0.7")]
    public async Task A_connection_that_takes_back_all_that_it_opens_is_closed(string path, string from)
    {
        byte[] message = path == Get ? _noNode : path == List ? _page : path == Watch ? _history : [];
        await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, Window, from);
        try
        {
            for (var i = 0; i < 200 && !connection.Closed.IsCompleted; i++)
                await connection.CallAndResetAsync(path, message, 50);
        }
        catch (IOException)
        {
            // Closed while it was written to.
        }

        await Eventually.ArrivesAsync("the service closes the connection", EndAsync(connection));
        await Eventually.HoldsAsync("why is logged", () => Task.FromResult(
            service.Process.Log.Troubles.Any(line => line.Contains("calls_taken_back", StringComparison.Ordinal))));
        await service.Clients.Claims.ListClaimsAsync(new ListClaimsRequest { InstanceId = "talker-00" });
    }

    [Fact]
    public async Task Who_asks_five_times_and_takes_the_first_answer_is_served()
    {
        await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, Window, "127.0.0.8");
        for (var i = 0; i < 1000; i++)
        {
            await connection.CallAsync(Get, _noNode);
            await connection.CallAndResetAsync(Get, _noNode, 4);
            if (i % 100 == 99)
                await AnsweredAsync(connection);
        }

        await AnsweredAsync(connection);
    }

    [Theory]
    [InlineData(Get)]
    [InlineData(List)]
    public async Task Who_gives_up_at_a_deadline_is_served(string path)
    {
        await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, Window, "127.0.0.9");
        connection.Deadline = "1m";
        for (var i = 0; i < 5000; i += 50)
            await connection.CallAndResetAsync(path, path == Get ? _noNode : _page, 50);

        connection.Deadline = null;
        await AnsweredAsync(connection);
    }

    [Fact]
    public async Task Who_stops_all_its_calls_at_once_is_served()
    {
        await using var connection = await RawHttp2.ConnectAsync(service.Clients.Address, Window, "127.0.0.10");
        for (var i = 0; i < 2; i++)
            await connection.CallAndResetAsync(Watch, _history, 1000, TimeSpan.FromMilliseconds(1));

        await AnsweredAsync(connection);
    }

    private async Task<double> AllocatedAsync() => (await MetricsPage.ReadAsync(service.Port)).Sum("dotnet_gc_heap_total_allocated_bytes_total");

    // The connection lives: another call on it is answered, and so all that came before it were looked at.
    private static async Task AnsweredAsync(RawHttp2 connection)
    {
        var ended = connection.Ended;
        await connection.CallAsync(Get, _noNode);
        await Eventually.HoldsAsync("a call on the connection is answered", () =>
        {
            Assert.False(connection.Closed.IsCompleted, "the service closed the connection");
            return Task.FromResult(connection.Ended > ended);
        });
    }

    private static async Task<bool> EndAsync(RawHttp2 connection)
    {
        await connection.Closed;
        return true;
    }
}
