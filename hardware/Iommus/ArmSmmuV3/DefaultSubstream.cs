namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>STE.S1DSS: what a request without SubstreamID meets when the stream has substreams.</summary>
public enum DefaultSubstream : byte
{
    /// <summary>It is aborted with F_STREAM_DISABLED.</summary>
    Terminate = 0,

    /// <summary>Stage 1 is skipped.</summary>
    Bypass = 1,

    /// <summary>It uses the context descriptor of substream 0; requests that carry SubstreamID 0 are aborted with F_STREAM_DISABLED.</summary>
    Substream0 = 2,
}
