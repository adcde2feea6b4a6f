namespace ResourceService.Load.Wire;

/// <summary>A serialized request that one loop sends again and again. The loop may change it only while nothing is being sent.</summary>
internal class Payload(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    /// <summary>Claims in one request: 0 for a request that is no claim.</summary>
    public virtual int ClaimCount => 0;

    /// <summary>Makes it the next request. A plain payload is the same every time.</summary>
    public virtual void Advance()
    {
    }
}
