using System.Text.Json;

namespace ResourceService.Server.Tests.Vectors;

/// <summary>
/// Nova's own NUMA decisions, asked of the real service: each unused host of the vectors is registered and its request claimed. Hosts that are in
/// use cannot be made by calls alone; the ledger's tests replay those.
/// </summary>
public sealed class WhenNovasHostsAreAsked(SharedService service) : ServiceTest(service)
{
    [Fact]
    public async Task The_service_decides_and_accounts_as_nova_does()
    {
        var vectors = VectorFiles.TryLoad("numa_fit");
        Assert.SkipWhen(vectors is null, VectorFiles.Missing);

        var compared = (Accepted: 0, Refused: 0);
        foreach (var vector in vectors.Where(IsUnused).Where(IsFlavor))
        {
            var id = vector.GetProperty("id").GetString()!;
            var node = await RegisterAsync(vector.GetProperty("input").GetProperty("host"));
            var expected = vector.GetProperty("expected");
            var answer = await TryClaimAsync(node, vector.GetProperty("input"));
            var fits = Fits(expected);
            Assert.True(fits == answer is not null, $"{id}: Nova says fits = {fits}");
            if (answer is null)
            {
                compared.Refused++;
                continue;
            }

            compared.Accepted++;
            if (!expected.TryGetProperty("quirk", out _))
                await CompareUsageAsync(id, node, answer, expected);
        }

        Assert.True(compared is { Accepted: > 20, Refused: > 20 }, compared.ToString());
        await Expect.SoundLedgerAsync(Clients);
    }

    private static bool IsUnused(JsonElement vector) => vector.GetProperty("input").GetProperty("host").GetProperty("cells").EnumerateArray().All(
        cell => cell.GetProperty("pinned_cpus").GetArrayLength() == 0
            && cell.GetProperty("shared_cpus_used").GetInt64() == 0
            && cell.GetProperty("memory_used_mb").GetInt64() == 0
            && cell.GetProperty("pages").EnumerateArray().All(pool => pool.GetProperty("used").GetInt64() == 0));

    // Nova makes no such request: a mixed flavor without a dedicated vCPU is refused before there is a topology to place.
    private static bool IsFlavor(JsonElement vector)
    {
        var cells = vector.GetProperty("input").GetProperty("request").GetProperty("cells").EnumerateArray().ToArray();
        return cells[0].GetProperty("cpu_policy").GetString() != "mixed"
            || Array.Exists(cells, cell => cell.GetProperty("dedicated_vcpus").GetArrayLength() > 0);
    }

    // Where Nova's search loses track of what it tried, the vectors say what it should have found.
    private static bool Fits(JsonElement expected) =>
        expected.TryGetProperty("quirk", out var quirk) && quirk.TryGetProperty("fits_with_independent_permutations", out var independent)
            ? independent.GetBoolean()
            : expected.GetProperty("fits").GetBoolean();

    private async Task<string> RegisterAsync(JsonElement host)
    {
        var request = Requests.Node(vcpus: 1);
        request.NumaTopology = new NumaTopology { Cells = { host.GetProperty("cells").EnumerateArray().Select(ReadCell) } };
        return (await Nodes.RegisterNodeAsync(request)).Node.NodeId;
    }

    private async Task<Claim?> TryClaimAsync(string node, JsonElement input)
    {
        var request = Requests.Claim(node);
        request.Resources = new ResourceRequest { Numa = ReadNuma(input.GetProperty("request")) };
        if (input.GetProperty("pack_host_cells").GetBoolean())
            request.Resources.Numa.CellStrategy = PlacementStrategy.Pack;
        if (input.GetProperty("limits") is { ValueKind: JsonValueKind.Object } limits)
        {
            request.Resources.Limits = new ResourceLimits
            {
                CpuAllocationRatio = limits.GetProperty("cpu_allocation_ratio").GetDouble(),
                RamAllocationRatio = limits.GetProperty("ram_allocation_ratio").GetDouble(),
            };
        }

        try
        {
            return (await Claims.ClaimInstanceAsync(request)).Claim;
        }
        catch (RpcException cause) when (cause.StatusCode == StatusCode.ResourceExhausted)
        {
            return null;
        }
    }

    private async Task CompareUsageAsync(string id, string node, Claim claim, JsonElement expected)
    {
        var cells = expected.GetProperty("cells").EnumerateArray().Select(cell => (
            cell.GetProperty("host_cell").GetInt32(),
            cell.GetProperty("page_size_kb") is { ValueKind: JsonValueKind.Number } size ? size.GetInt64() : 0));
        Assert.Equal(cells, claim.NumaCells.Select(cell => (cell.HostCellId, cell.PageSizeKb)));

        var usage = (await GetAsync(node)).NumaUsage;
        foreach (var (after, found) in expected.GetProperty("host_after").EnumerateArray().Zip(usage))
        {
            Assert.True(
                (found.PinnedCpus.Count, (long)found.SharedVcpuCount, found.MemoryUsedMb) == (
                    after.GetProperty("pinned_cpus").GetArrayLength(),
                    after.GetProperty("shared_cpus_used").GetInt64(),
                    after.GetProperty("memory_used_mb").GetInt64()),
                $"{id}: expected {after}, found {found}");
            foreach (var pool in after.GetProperty("pages_used").EnumerateObject())
                Assert.Equal(pool.Value.GetInt64(), found.PagesUsed[long.Parse(pool.Name)]);
        }
    }

    private static NumaCell ReadCell(JsonElement cell)
    {
        var message = new NumaCell
        {
            CellId = cell.GetProperty("id").GetInt32(),
            SharedCpus = { Cpus(cell, "shared_cpus") },
            DedicatedCpus = { Cpus(cell, "dedicated_cpus") },
            ThreadSiblings = { cell.GetProperty("thread_siblings").EnumerateArray().Select(core => new CpuSet { Cpus = { Cpus(core) } }) },
            MemoryMb = cell.GetProperty("memory_mb").GetInt64(),
            PagePools =
            {
                cell.GetProperty("pages").EnumerateArray().Select(pool => new PagePool
                {
                    SizeKb = pool.GetProperty("size_kb").GetInt64(),
                    Total = pool.GetProperty("total").GetInt64(),
                    Reserved = pool.GetProperty("reserved").GetInt64(),
                }),
            },
        };
        if (cell.GetProperty("socket") is { ValueKind: JsonValueKind.Number } socket)
            message.Socket = socket.GetInt32();
        return message;
    }

    private static NumaRequest ReadNuma(JsonElement request)
    {
        var cells = request.GetProperty("cells");
        return new NumaRequest
        {
            Cells = { cells.EnumerateArray().Select(ReadCellRequest) },
            CpuPolicy = Policy<CpuPolicy>(cells[0].GetProperty("cpu_policy")),
            ThreadPolicy = Policy<CpuThreadPolicy>(cells[0].GetProperty("thread_policy")),
            EmulatorThreadsPolicy = Policy<EmulatorThreadsPolicy>(request.GetProperty("emulator_threads_policy")),
        };
    }

    private static NumaCellRequest ReadCellRequest(JsonElement cell)
    {
        var message = new NumaCellRequest
        {
            SharedVcpus = { Cpus(cell, "shared_vcpus") },
            DedicatedVcpus = { Cpus(cell, "dedicated_vcpus") },
            MemoryMb = cell.GetProperty("memory_mb").GetInt64(),
        };
        var size = cell.GetProperty("page_size");
        if (size.ValueKind == JsonValueKind.Number)
            message.PageSizeKb = size.GetInt64();
        else if (size.ValueKind == JsonValueKind.String)
            message.PageSizePolicy = Policy<PageSizePolicy>(size);
        return message;
    }

    // Null means unset, which is the contract's first value.
    private static T Policy<T>(JsonElement name)
        where T : struct, Enum =>
        name.GetString() is { } text ? Enum.Parse<T>(text, ignoreCase: true) : default;

    private static IEnumerable<int> Cpus(JsonElement cell, string name) => Cpus(cell.GetProperty(name));

    private static IEnumerable<int> Cpus(JsonElement cpus) => cpus.EnumerateArray().Select(cpu => cpu.GetInt32());
}
