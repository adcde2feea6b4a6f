namespace ResourceService.Ledger.Numa;

/// <summary>
/// How pinned vCPUs are laid on cores: cores in order, from each with at least <paramref name="FreeMin"/> free threads the first
/// <paramref name="PerCore"/> of them, until there are enough.
/// </summary>
/// <example>Free threads {1} {2,3} {4,5}: two vCPUs take (2, 2), that is 2 and 3; five take (all, 1), that is 1 to 5.</example>
internal readonly record struct CoreChoice(int PerCore, int FreeMin)
{
    private const int ThreadsOnStack = 64;

    /// <summary>
    /// Chooses for a number of vCPUs and, with <paramref name="withEmulator"/>, one CPU more for the emulator. The caller has seen that as many
    /// dedicated CPUs are free.
    /// </summary>
    /// <param name="layout">The cores of the host cell.</param>
    /// <param name="pinned">CPUs that are owned.</param>
    /// <param name="policy">How threads of a core may be used.</param>
    /// <param name="vcpuCount">Pinned vCPUs.</param>
    /// <param name="withEmulator">Whether the emulator needs a CPU.</param>
    /// <param name="choice">How to lay them.</param>
    /// <param name="usable">How many CPUs the policy leaves for them, whether that is enough or not.</param>
    public static bool TryChoose(
        CellLayout layout, CpuSet pinned, CpuThreadPolicy policy, int vcpuCount, bool withEmulator, out CoreChoice choice, out int usable)
    {
        choice = default;
        usable = 0;
        var threads = layout.ThreadsPerCore;
        // At threads[k]: how many cores have at least k free threads.
        Span<int> coresWith = threads < ThreadsOnStack ? stackalloc int[ThreadsOnStack] : new int[threads + 1];
        CountCores(layout, pinned, coresWith[..(threads + 1)]);

        // The emulator stands beside pinned vCPUs: without one there is no core to look from, and Nova refuses as well.
        if (withEmulator && vcpuCount == 0)
            return false;
        switch (policy)
        {
            case CpuThreadPolicy.Isolate:
                if (!layout.CanIsolate)
                    return false;
                choice = new CoreChoice(1, threads);
                usable = coresWith[threads];
                if (usable == 0 || usable < vcpuCount)
                    return false;
                usable = coresWith[1];
                return !withEmulator || usable > vcpuCount;
            case CpuThreadPolicy.Require:
                return TryFill(coresWith[..(threads + 1)], perCoreMin: 2, vcpuCount, out choice, ref usable);
            default:
                if (!TryFill(coresWith[..(threads + 1)], perCoreMin: 1, vcpuCount, out choice, ref usable))
                    choice = new CoreChoice(threads, 1);
                return true;
        }
    }

    /// <summary>
    /// Takes the CPUs of a choice that was found: one for each guest CPU, ascending, and one for the emulator when it needs one, the first in the
    /// order of cores that is left over (under ISOLATE: on a core that runs no vCPU). Gives the siblings that must stay idle.
    /// </summary>
    public ValueList<PinnedCpu> Take(
        CellLayout layout, CpuSet pinned, bool isolates, CpuSet guestCpus, bool withEmulator, out CpuSet emulatorCpus, out CpuSet idleCpus)
    {
        var pins = new PinnedCpu[guestCpus.Count];
        var count = 0;
        emulatorCpus = idleCpus = CpuSet.Empty;
        using var guests = guestCpus.GetEnumerator();
        for (var core = 0; core < layout.CoreCount && (count < pins.Length || (withEmulator && emulatorCpus.Count == 0)); core++)
        {
            var quota = CountFree(layout.DedicatedCpus(core), pinned) >= FreeMin ? Math.Min(PerCore, pins.Length - count) : 0;
            var takesVcpus = quota > 0;
            var isUsed = takesVcpus;
            foreach (var cpu in layout.DedicatedCpus(core))
            {
                if (pinned.Contains(cpu))
                    continue;
                if (quota > 0)
                {
                    quota--;
                    guests.MoveNext();
                    pins[count++] = new PinnedCpu(guests.Current, cpu);
                }
                else if (withEmulator && emulatorCpus.Count == 0 && !(isolates && takesVcpus))
                {
                    emulatorCpus = CpuSet.From([cpu]);
                    isUsed = true;
                }
            }

            if (isolates && isUsed)
                idleCpus = idleCpus.Union(layout.Siblings(core));
        }

        Invariant.Require(count == pins.Length && emulatorCpus.Count == (withEmulator ? 1 : 0), "a choice that was found has CPUs enough");
        if (idleCpus.Count > 0)
        {
            // What others own stays theirs: it is not ours to free again.
            idleCpus = idleCpus.Except(CpuSet.From(pins.Select(pin => pin.HostCpu))).Except(emulatorCpus).Except(pinned);
        }

        return ValueList.Create<PinnedCpu>(pins);
    }

    // The emptiest cores that hold all: as many threads of a core as it takes, the most first.
    private static bool TryFill(ReadOnlySpan<int> coresWith, int perCoreMin, int vcpuCount, out CoreChoice choice, ref int usable)
    {
        for (var perCore = coresWith.Length - 1; perCore >= perCoreMin; perCore--)
        {
            if (coresWith[perCore] == 0)
                continue;
            usable = Math.Max(usable, perCore * coresWith[perCore]);
            if (perCore * coresWith[perCore] >= vcpuCount)
            {
                choice = new CoreChoice(perCore, perCore);
                return true;
            }
        }

        choice = default;
        return false;
    }

    private static void CountCores(CellLayout layout, CpuSet pinned, Span<int> coresWith)
    {
        for (var core = 0; core < layout.CoreCount; core++)
            coresWith[CountFree(layout.DedicatedCpus(core), pinned)]++;
        for (var threads = coresWith.Length - 2; threads > 0; threads--)
            coresWith[threads] += coresWith[threads + 1];
    }

    private static int CountFree(ReadOnlySpan<short> cpus, CpuSet pinned)
    {
        var count = 0;
        foreach (var cpu in cpus)
            count += pinned.Contains(cpu) ? 0 : 1;
        return count;
    }
}
