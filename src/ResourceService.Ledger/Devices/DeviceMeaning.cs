namespace ResourceService.Ledger.Devices;

/// <summary>What a request asks for by name among the devices that are given only to who does: functions, vDPA devices, remotely managed ones.</summary>
internal readonly record struct DeviceMeaning
{
    private readonly bool _functions;
    private readonly bool _vdpa;
    private readonly bool _remoteManaged;

    public DeviceMeaning(DeviceRequest request)
    {
        foreach (var description in request.Alternatives.Span)
        {
            _functions |= description.Type == DeviceType.PhysicalFunction;
            _vdpa |= description.Type == DeviceType.Vdpa;
            _remoteManaged |= DeviceGroup.SaysRemoteManaged(description.Tags);
        }
    }

    /// <summary>Whether devices that match may be given to the request.</summary>
    public bool Includes(DeviceGroup group) =>
        (group.Type != DeviceType.PhysicalFunction || _functions) && (group.Type != DeviceType.Vdpa || _vdpa) && (!group.IsRemoteManaged || _remoteManaged);
}
