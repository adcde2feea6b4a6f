namespace ResourceService.Server.Tests.AuditNode;

/// <summary>What a host really runs: the model that judges, apart from how a report says it.</summary>
internal sealed class Guest(string name)
{
    public string Name { get; } = name;

    /// <summary>The claim made for it; empty for one that nobody claimed.</summary>
    public string ClaimId { get; init; } = "";

    public long Vcpus { get; set; } = 1;

    public long MemoryMb { get; set; } = 128;

    /// <summary>The host cell of its pinned CPUs.</summary>
    public int Cell { get; set; }

    /// <summary>The host CPUs that it has for itself, one for each pinned guest CPU.</summary>
    public List<int> Cpus { get; set; } = [];

    public List<string> Devices { get; set; } = [];

    /// <summary>How its report is odd.</summary>
    public Oddity Oddity { get; set; }

    /// <summary>Whether its cells are said in a way that no claim can follow: they are as they were claimed.</summary>
    public bool HasOddCells => Oddity is Oddity.GuestCpuTwice or Oddity.UnknownCell or Oddity.TooManyCells or Oddity.NamedTwice;

    /// <summary>Whether its devices are not all named: they are as they were claimed.</summary>
    public bool HidesDevices => Oddity is Oddity.NamedTwice or Oddity.DevicesNotKnown;

    public IEnumerable<ObservedInstance> ToReport(Random random)
    {
        var seen = new ObservedInstance
        {
            Instance = new Instance { InstanceId = Name },
            Resources = { ["VCPU"] = Vcpus, ["MEMORY_MB"] = MemoryMb },
            DeviceAddresses = { Devices },
            DevicesKnown = true,
        };
        if (Cpus.Count > 0)
        {
            var cell = new ObservedNumaCell { HostCellId = Cell, MemoryMb = random.Next(2) * 64 };
            cell.Pinning.Add(Cpus.Index().ToDictionary());
            seen.NumaCells.Add(cell);
        }

        Odd(seen, random);
        return Oddity == Oddity.NamedTwice ? [seen, new ObservedInstance { Instance = seen.Instance }] : [seen];
    }

    private void Odd(ObservedInstance seen, Random random)
    {
        switch (Oddity)
        {
            case Oddity.LongState:
                seen.Instance.VmState = new string('x', 300);
                break;
            case Oddity.StateOfOddLetters:
                seen.Instance.PowerState = "on\u202eff\n";
                break;
            case Oddity.ClassInSmallLetters:
                seen.Resources.Remove("MEMORY_MB");
                seen.Resources.Add("memory_mb", MemoryMb);
                break;
            case Oddity.UnknownClass:
                seen.Resources.Add(random.Next(2) == 0 ? "GPU" : new string('C', 300), 1);
                break;
            case Oddity.NegativeAmount:
                seen.Resources.Add("DISK_GB", random.Next(2) == 0 ? -1 : long.MaxValue);
                break;
            case Oddity.MediatedDevice:
                seen.DeviceAddresses.Add($"4b20d080-1b54-4048-85b3-{random.NextInt64(1L << 48):x12}");
                break;
            case Oddity.DeviceTwice:
                seen.DeviceAddresses.Add(Devices.Select(address => $"0000{address.ToUpperInvariant()}"));
                break;
            case Oddity.DevicesNotKnown:
                seen.DeviceAddresses.Clear();
                seen.DevicesKnown = false;
                break;
            default:
                OddCells(seen);
                break;
        }
    }

    private void OddCells(ObservedInstance seen)
    {
        if (seen.NumaCells.Count == 0)
            return;
        var cell = seen.NumaCells[0];
        switch (Oddity)
        {
            case Oddity.EmulatorOnVcpus:
                cell.EmulatorCpus.Add(Cpus);
                break;
            case Oddity.EmulatorOnSharedCpus:
                cell.EmulatorCpus.Add([0, 1]);
                break;
            case Oddity.TwoVcpusOnOneCpu:
                cell.Pinning[Cpus.Count] = Cpus[0];
                break;
            case Oddity.GuestCpuTwice:
                seen.NumaCells.Add(cell.Clone());
                break;
            case Oddity.UnknownCell:
                cell.HostCellId = 77;
                break;
            case Oddity.TooManyCells:
                seen.NumaCells.Add(Enumerable.Range(0, 130).Select(_ => new ObservedNumaCell { HostCellId = -1 }));
                break;
            default:
                break;
        }
    }
}

/// <summary>Something about a guest that is a fact of its host and that no claim can say.</summary>
internal enum Oddity
{
    None,
    LongState,
    StateOfOddLetters,
    ClassInSmallLetters,
    UnknownClass,
    NegativeAmount,
    MediatedDevice,
    DeviceTwice,
    DevicesNotKnown,
    EmulatorOnVcpus,
    EmulatorOnSharedCpus,
    TwoVcpusOnOneCpu,
    GuestCpuTwice,
    UnknownCell,
    TooManyCells,
    NamedTwice,
}
