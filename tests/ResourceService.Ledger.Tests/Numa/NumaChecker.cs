using ResourceService.Ledger.Numa;

namespace ResourceService.Ledger.Tests.Numa;

/// <summary>
/// Whether an assignment is right, whoever made it and whatever else would have been right. Slow and obvious; shares nothing with the fit.
/// </summary>
internal static class NumaChecker
{
    /// <summary>What is wrong with an assignment.</summary>
    public static IReadOnlyList<string> Faults(NumaProblem problem, ValueList<CellAssignment> cells)
    {
        var faults = new List<string>();
        if (cells.Count != problem.Request.Cells.Count)
            return ["it has another number of cells than the request"];
        if (cells.Select(cell => cell.HostCellId).Distinct().Count() < cells.Count)
            faults.Add("two requested cells are on one host cell");
        if (cells.Sum(cell => cell.OwnedCpus().Count) != cells.SelectMany(cell => cell.OwnedCpus()).Distinct().Count())
            faults.Add("two requested cells own one CPU");
        for (var i = 0; i < cells.Count; i++)
        {
            var place = problem.Host.IndexOf(cells[i].HostCellId);
            if (place < 0)
                return ["the host has no such cell"];
            var check = new Check(problem, i, problem.Host.Cells[place], problem.Usage.Cells[place], cells[i], faults);
            check.Cpus();
            check.Threads();
            check.Memory();
            check.Limits();
        }

        return faults;
    }

    private sealed class Check(
        NumaProblem problem, int requestCell, NumaCell host, NumaCellUsage used, CellAssignment given, List<string> faults)
    {
        private readonly NumaRequest _request = problem.Request;
        private readonly NumaCellRequest _asked = problem.Request.Cells[requestCell];
        private readonly int[] _pinned = [.. given.Pinning.Select(pin => pin.HostCpu)];

        private bool Pins => _request.CpuPolicy != CpuPolicy.Shared;

        public void Cpus()
        {
            var wanted = Pins ? _asked.DedicatedVcpus.ToArray() : [];
            Require(given.Pinning.Select(pin => pin.GuestCpu).SequenceEqual(wanted), "each dedicated vCPU is pinned, in order");
            var needsEmulator = Pins && requestCell == 0 && _request.EmulatorThreads == EmulatorThreadsPolicy.Isolate;
            Require(given.EmulatorCpus.Count == (needsEmulator ? 1 : 0), "the emulator has its CPU, on cell 0 only");
            foreach (var cpu in _pinned.Concat(given.EmulatorCpus))
            {
                Require(host.DedicatedCpus.Contains(cpu), $"CPU {cpu} is a dedicated one of the cell");
                Require(!used.PinnedCpus.Contains(cpu), $"CPU {cpu} was free");
            }

            foreach (var cpu in given.IdleCpus)
                Require(!used.PinnedCpus.Contains(cpu), $"CPU {cpu} that stays idle was free");
            Require(_pinned.Concat(given.EmulatorCpus).Concat(given.IdleCpus).Distinct().Count()
                == _pinned.Length + given.EmulatorCpus.Count + given.IdleCpus.Count, "no CPU is given twice");
            Require(given.SharedVcpus.Equals(_asked.SharedVcpus), "floating vCPUs are those asked for");
            Require(!FloatsHere || _asked.SharedVcpus.Count <= host.SharedCpus.Count, "floating vCPUs have a CPU each");
        }

        public void Threads()
        {
            var threads = host.ThreadSiblings.Select(core => core.Count).Append(1).Max();
            var cores = _pinned.Select(Core).GroupBy(core => core).ToArray();
            switch (Pins ? _request.ThreadPolicy : CpuThreadPolicy.Prefer)
            {
                case CpuThreadPolicy.Require:
                    Require(threads > 1, "REQUIRE needs siblings");
                    // All vCPUs are laid alike, k of them on a core with at least k free threads, k at least 2.
                    var mostOnOne = cores.Select(core => core.Count()).Append(2).Max();
                    Require(cores.All(core => FreeOf(core.Key) >= mostOnOne), "REQUIRE takes siblings alike");
                    Require(given.IdleCpus.Count == 0, "nothing stays idle");
                    break;
                case CpuThreadPolicy.Isolate:
                    Require(threads == 1 || host.SharedCpus.Equals(host.DedicatedCpus), "ISOLATE needs cores without siblings, or a legacy host");
                    Require(cores.All(core => core.Count() == 1 && FreeOf(core.Key) == threads), "ISOLATE takes one thread of a free core");
                    Require(given.EmulatorCpus.All(cpu => cores.All(core => !core.Key.Equals(Core(cpu)))), "the emulator is on another core");
                    var siblings = _pinned.Concat(given.EmulatorCpus).SelectMany(Core).Distinct();
                    var idle = siblings.Where(cpu => !_pinned.Contains(cpu) && !given.EmulatorCpus.Contains(cpu) && !used.PinnedCpus.Contains(cpu));
                    Require(given.IdleCpus.SequenceEqual(idle.Order()), "the siblings stay idle");
                    break;
                default:
                    Require(given.IdleCpus.Count == 0, "nothing stays idle");
                    break;
            }
        }

        public void Memory()
        {
            Require(given.MemoryMb == _asked.MemoryMb, "memory is what was asked for");
            var smallest = host.PagePools.Count == 0 ? 0 : host.PagePools.Min(pool => pool.SizeKb);
            if (_asked.PageSizePolicy == PageSizePolicy.None)
            {
                Require(given.PageSizeKb == 0 && given.PoolSizeKb == smallest, "without a size the smallest pages pay");
                if (smallest == 0)
                    Require(_asked.MemoryMb <= host.MemoryMb - (Pins ? used.MemoryUsedMb : 0), "there is memory enough");
                else
                    Require(Holds(smallest, overcommitted: !Pins), "there are pages enough");
                return;
            }

            var allowed = host.PagePools.Select(pool => pool.SizeKb).Where(size => _asked.PageSizePolicy switch
            {
                PageSizePolicy.Small => size == smallest,
                PageSizePolicy.Large => size != smallest,
                PageSizePolicy.Any => true,
                _ => size == _asked.PageSizeKb,
            });
            Require(given.PageSizeKb == allowed.Where(size => Holds(size, overcommitted: false)).Append(0).Max() && given.PageSizeKb > 0,
                "the pages are the biggest that will do");
            Require(given.PoolSizeKb == given.PageSizeKb, "the pages granted pay");
        }

        public void Limits()
        {
            if (!FloatsHere)
                return;
            Require(problem.CpuAllocationRatio is not { } cpu || used.SharedVcpuCount + _asked.SharedVcpus.Count <= host.SharedCpus.Count * cpu,
                "the CPU ratio holds");
            Require(problem.RamAllocationRatio is not { } ram || used.MemoryUsedMb + _asked.MemoryMb <= host.MemoryMb * ram, "the memory ratio holds");
        }

        private bool FloatsHere => _request.CpuPolicy != CpuPolicy.Dedicated;

        private bool Holds(long sizeKb, bool overcommitted)
        {
            var pool = host.IndexOfPool(sizeKb);
            var pages = host.PagePools[pool].Total - (overcommitted ? 0 : used.PagesUsed[pool] + host.PagePools[pool].Reserved);
            return _asked.MemoryMb * 1024 % sizeKb == 0 && _asked.MemoryMb * 1024 <= pages * sizeKb;
        }

        private CpuSet Core(int cpu) => host.ThreadSiblings.FirstOrDefault(core => core.Contains(cpu)) ?? CpuSet.From([cpu]);

        private int FreeOf(CpuSet core) => core.Count(cpu => host.DedicatedCpus.Contains(cpu) && !used.PinnedCpus.Contains(cpu));

        private void Require(bool condition, string rule)
        {
            if (!condition)
                faults.Add($"cell {requestCell}: not so: {rule}");
        }
    }
}
