using static ResourceService.Server.Tests.Validation.BadFields;

namespace ResourceService.Server.Tests.Validation;

/// <summary>Every rule of what a request asks for inside its node, broken once.</summary>
internal static class PlacementFields
{
    public static NumaRequest ValidNuma() => new() { Cells = { new NumaCellRequest { MemoryMb = 1, SharedVcpus = { 0 } } } };

    public static IEnumerable<Break<T>> Numa<T>(string field, Func<T, NumaRequest> numa) =>
    [
        .. One<T>($"{field}.cells", "empty", request => numa(request).Cells.Clear()),
        .. One<T>($"{field}.cells", "with 17 elements", request =>
            numa(request).Cells.Add(Enumerable.Range(0, 16).Select(_ => new NumaCellRequest { MemoryMb = 1 }))),
        .. One<T>($"{field}.cpu_policy", "unknown", request => numa(request).CpuPolicy = (CpuPolicy)99),
        .. One<T>($"{field}.cpu_policy", "MIXED without a dedicated vCPU", request => numa(request).CpuPolicy = CpuPolicy.Mixed),
        .. One<T>($"{field}.cpu_policy", "MIXED without a shared vCPU", request =>
        {
            numa(request).CpuPolicy = CpuPolicy.Mixed;
            numa(request).Cells[0].SharedVcpus.Clear();
            numa(request).Cells[0].DedicatedVcpus.Add(0);
        }),
        .. One<T>($"{field}.cpu_policy", "MIXED without vCPUs", request =>
        {
            numa(request).CpuPolicy = CpuPolicy.Mixed;
            numa(request).Cells[0].SharedVcpus.Clear();
        }),
        .. One<T>($"{field}.thread_policy", "unknown", request => numa(request).ThreadPolicy = (CpuThreadPolicy)99),
        .. One<T>($"{field}.thread_policy", "without pinned CPUs", request => numa(request).ThreadPolicy = CpuThreadPolicy.Require),
        .. One<T>($"{field}.emulator_threads_policy", "unknown", request => numa(request).EmulatorThreadsPolicy = (EmulatorThreadsPolicy)99),
        .. One<T>($"{field}.emulator_threads_policy", "ISOLATE without pinned CPUs", request =>
            numa(request).EmulatorThreadsPolicy = EmulatorThreadsPolicy.Isolate),
        .. One<T>($"{field}.cell_strategy", "unknown", request => numa(request).CellStrategy = (PlacementStrategy)99),
        .. Number<T>($"{field}.cells[0].memory_mb", (request, value) => numa(request).Cells[0].MemoryMb = value, 0, -1, 1L << 31),
        .. Number<T>($"{field}.cells[0].page_size_kb", (request, value) => numa(request).Cells[0].PageSizeKb = value, 0, -4, (1L << 40) + 1),
        .. One<T>($"{field}.cells[0].page_size_policy", "unspecified", request =>
            numa(request).Cells[0].PageSizePolicy = PageSizePolicy.Unspecified),
        .. Number<T>($"{field}.cells[0].shared_vcpus", (request, value) => numa(request).Cells[0].SharedVcpus[0] = (int)value, -1, 8192),
        .. One<T>($"{field}.cells[0].shared_vcpus", "with a CPU twice", request => numa(request).Cells[0].SharedVcpus.Add(0)),
        .. One<T>($"{field}.cells[1].dedicated_vcpus", "with a CPU of another cell", request =>
        {
            numa(request).CpuPolicy = CpuPolicy.Mixed;
            numa(request).Cells[0].DedicatedVcpus.Add(7);
            numa(request).Cells.Add(new NumaCellRequest { MemoryMb = 1, DedicatedVcpus = { 0 } });
        }),
        .. One<T>($"{field}.cells[0].dedicated_vcpus", "with policy SHARED", request => numa(request).Cells[0].DedicatedVcpus.Add(1)),
        .. One<T>($"{field}.cells[0].shared_vcpus", "with policy DEDICATED", request => numa(request).CpuPolicy = CpuPolicy.Dedicated),
    ];

    public static IEnumerable<Break<T>> Devices<T>(string field, Func<T, IList<DeviceRequest>> devices) =>
    [
        .. One<T>(field, "with 33 elements", request =>
        {
            for (var i = 0; i < 33; i++)
                Add(devices(request)).Name = $"device-{i}";
        }),
        .. RequiredId<T>($"{field}[0].name", (request, name) => Add(devices(request)).Name = name),
        .. One<T>($"{field}[1].name", "twice", request =>
        {
            Add(devices(request));
            Add(devices(request));
        }),
        .. Number<T>($"{field}[0].count", (request, value) => Add(devices(request)).Count = (int)value, 0, -1, 256),
        .. One<T>($"{field}[0].numa_policy", "unknown", request => Add(devices(request)).NumaPolicy = (DeviceNumaPolicy)99),
        .. One<T>($"{field}[0].alternatives", "empty", request => Add(devices(request)).Alternatives.Clear()),
        .. One<T>($"{field}[0].alternatives", "with 17 elements", request =>
            Add(devices(request)).Alternatives.Add(Enumerable.Range(0, 16).Select(_ => new DeviceSpec()))),
        .. One<T>($"{field}[0].alternatives[0].vendor_id", "no hexadecimal", request => Add(devices(request)).Alternatives[0].VendorId = "80g6"),
        .. One<T>($"{field}[0].alternatives[0].product_id", "of five digits", request => Add(devices(request)).Alternatives[0].ProductId = "15720"),
        .. One<T>($"{field}[0].alternatives[0].type", "unknown", request => Add(devices(request)).Alternatives[0].Type = (DeviceType)99),
        .. One<T>($"{field}[0].alternatives[0].tags key", "with a space", request => Add(devices(request)).Alternatives[0].Tags.Add("a b", "c")),
        .. One<T>($"{field}[0].alternatives[0].tags[a]", "with a line break", request => Add(devices(request)).Alternatives[0].Tags.Add("a", "\n")),
    ];

    private static DeviceRequest Add(IList<DeviceRequest> devices)
    {
        var device = new DeviceRequest { Name = "nic", Alternatives = { new DeviceSpec { VendorId = "8086" } } };
        devices.Add(device);
        return device;
    }
}
