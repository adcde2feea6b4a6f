using System.Globalization;
using ResourceService.Ledger.Numa;
using ResourceService.Ledger.Tests.Building;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>Small hosts, half used, and requests of about their size: as many fit as do not.</summary>
internal sealed class RandomNuma(int seed)
{
    private static readonly long[] _sizesKb = [4, 2_048, 1_048_576];

    private readonly Random _random = new(seed);

    public NumaProblem Next()
    {
        var cells = new List<NumaCell>();
        var firstCpu = 0;
        var threads = _random.GetItems([1, 2, 2, 4], 1)[0];
        var isLegacy = Chance(60);
        var hasPools = Chance(85);
        for (var i = 0; i < _random.Next(1, 5); i++)
        {
            var cpuCount = _random.Next(Chance(80) ? 4 : 1, 9);
            cells.Add(Cell((i * 3) % 7, firstCpu, cpuCount, threads, isLegacy, hasPools));
            firstCpu += cpuCount;
        }

        var host = new NumaTopology(ValueList.From(cells));
        var usage = cells.Aggregate(NumaUsage.None(host), (sum, cell) => sum.Use(
            host, cell.CellId, cell.DedicatedCpus.Where(_ => Chance(15)).ToArray(), Chance(50) ? _random.Next(0, 6) : 0,
            Chance(40) ? _random.Next(0, 9) * 128 : 0, cell.PagePools.Select(pool => (pool.SizeKb, UsedPages(pool)))));
        var request = Request(_random.Next(1, Chance(95) ? cells.Count + 1 : 6));
        var veto = _random.Next();
        return new NumaProblem(host, usage, request)
        {
            CpuAllocationRatio = Ratio(),
            RamAllocationRatio = Ratio(),
            FreeDevices = Chance(50) ? [.. cells.Select(_ => _random.Next(0, 3))] : [],
            Accepts = Chance(50) ? ids => Accepts(ids, veto) : null,
        };
    }

    // Follows from the set of the cells alone, as the devices on them do.
    private static bool Accepts(ReadOnlySpan<int> hostCellIds, int veto)
    {
        var sum = (uint)veto;
        foreach (var id in hostCellIds)
            sum += (uint)(id + 1) * 2_654_435_761;
        return (sum >> 16) % 3 != 0;
    }

    private NumaCell Cell(int cellId, int firstCpu, int cpuCount, int threads, bool isLegacy, bool hasPools)
    {
        int[] cpus = [.. Enumerable.Range(firstCpu, cpuCount)];
        // Numbered in turn or one after the other; a core may be short, and a CPU may belong to none.
        var cores = Chance(30)
            ? cpus.GroupBy(cpu => cpu % ((cpuCount + threads - 1) / threads)).Select(CpuSet.From)
            : cpus.Chunk(threads).Select(CpuSet.From);
        var listed = ValueList.From(cores.Where(core => core.Count > 1 || Chance(70)));
        var dedicated = CpuSet.From(isLegacy ? cpus : cpus.Where(_ => Chance(70)));
        var shared = isLegacy ? dedicated : CpuSet.From(cpus.Where(cpu => !dedicated.Contains(cpu)));
        var pools = hasPools ? _sizesKb.Where(size => Chance(size == 4 ? 80 : 50)).Select(Pool).Reverse() : [];
        return new NumaCell(cellId, null, shared, dedicated, listed, _random.Next(4, 17) * 128, ValueList.From(pools));
    }

    private PagePool Pool(long sizeKb)
    {
        var total = (_random.Next(4, 17) * 128L * 1_024 / sizeKb) + (sizeKb > 2_048 ? 1 : 0);
        return new PagePool(sizeKb, total, Chance(30) ? total / 8 : 0);
    }

    private long UsedPages(PagePool pool)
    {
        var pagesPerMb = Math.Max(1, 1_024 / pool.SizeKb);
        return Chance(40) ? pool.Total * _random.Next(0, 10) / 10 / pagesPerMb * pagesPerMb : 0;
    }

    private NumaRequest Request(int cellCount)
    {
        var policy = (CpuPolicy)_random.Next(1, 4);
        var vcpu = 0;
        var cells = new List<NumaCellRequest>();
        var pages = Chance(60) ? PageSizePolicy.None : (PageSizePolicy)_random.Next(1, 5);
        for (var i = 0; i < cellCount; i++)
        {
            var shared = policy == CpuPolicy.Dedicated ? [] : Vcpus();
            var dedicated = policy == CpuPolicy.Shared ? [] : Vcpus();
            cells.Add(new NumaCellRequest(
                CpuSet.From(shared), CpuSet.From(dedicated), Chance(3) ? 129 : _random.Next(1, Chance(80) ? 5 : 9) * 128, pages,
                pages == PageSizePolicy.Explicit ? _random.GetItems(_sizesKb, 1)[0] : 0));
        }

        var threads = policy == CpuPolicy.Shared
            ? CpuThreadPolicy.Prefer
            : _random.GetItems([CpuThreadPolicy.Prefer, CpuThreadPolicy.Prefer, CpuThreadPolicy.Require, CpuThreadPolicy.Isolate], 1)[0];
        var emulator = policy == CpuPolicy.Shared ? _random.Next(0, 2) : _random.Next(0, 3);
        return new NumaRequest(ValueList.From(cells), policy, threads, (EmulatorThreadsPolicy)emulator, PackCells: Chance(30));

        int[] Vcpus() => [.. Enumerable.Range(0, Chance(90) ? _random.Next(1, 3) : _random.Next(0, 9)).Select(_ => vcpu++)];
    }

    private double? Ratio() => Chance(30) ? double.Parse(_random.GetItems(["0.9", "1", "1.5", "4"], 1)[0], CultureInfo.InvariantCulture) : null;

    private bool Chance(int percent) => _random.Next(100) < percent;
}
