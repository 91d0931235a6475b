"""Small templates in the manner of families in use, each with the trait that matters here."""

_TURNS = (
    "{% for m in messages %}{% if m.role != 'assistant' %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
)
_END = "{% endif %}{% endfor %}"
_SPLIT = (
    "{% set think = m.reasoning_content or '' %}{% set text = m.content or '' %}"
    "{% if not think and '</think>' in text %}"
    "{% set think = text.split('</think>')[0].split('<think>')[-1] | trim %}"
    "{% set text = text.split('</think>')[-1].lstrip('\n') %}{% endif %}"
)
_CALLS = (
    "{% for c in m.tool_calls or [] %}"
    "{{ '\n<tool_call>\n' }}{{ c.function | tojson }}\n</tool_call>{% endfor %}"
)
_TOOLS = "{% if tools %}<|im_start|>system\n{{ tools | tojson }}<|im_end|>\n{% endif %}"

# Writes a block of reasoning into every answer, empty or not; thinking is off unless it is switched on.
QWEN = (
    _TOOLS
    + _TURNS
    + "{% else %}"
    + _SPLIT
    + "<|im_start|>assistant\n<think>\n{{ think | trim }}\n</think>\n\n{{ text }}"
    + _CALLS
    + "<|im_end|>\n"
    + _END
    + "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking %}{{ '<think>\n' }}{% else %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{% endif %}"
)
# Opens a block of reasoning, and deletes reasoning from answers.
DEEPSEEK = (
    "{% for m in messages %}{% if m.role == 'user' %}<|User|>{{ m.content }}"
    "{% else %}<|Assistant|>{{ m.content.split('</think>')[-1] }}<|end_of_sentence|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|Assistant|><think>\n{% endif %}"
)
# Reasoning in a channel, and a header that says less than what stands before an answer.
HARMONY = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.thinking %}<|start|>assistant<|channel|>analysis<|message|>{{ m.thinking }}<|end|>{% endif %}"
    "{% if m.tool_calls %}<|start|>assistant to=functions.{{ m.tool_calls[0].function.name }}"
    "<|channel|>commentary json<|message|>{{ m.tool_calls[0].function.arguments | tojson }}<|call|>"
    "{% else %}<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|return|>{% endif %}"
    "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
# Reasoning only beside tool calls; texts are trimmed; a closed channel where thinking is off.
GEMMA = (
    "{% for m in messages %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{% if m.tool_calls and m.reasoning_content %}"
    "<|channel>thought\n{{ m.reasoning_content }}\n<channel|>{% endif %}"
    "{{ (m.content or '') | trim }}"
    "{% for c in m.tool_calls or [] %}<|tool_call>{{ c.function | tojson }}<tool_call|>{% endfor %}"
    "<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n"
    "{% if not enable_thinking %}{{ '<|channel>thought\n<channel|>' }}{% endif %}{% endif %}"
)
# Neither a generation prompt nor a system role; the answer stands behind a space.
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m.role == 'system' %}{{ raise_exception('Only user and assistant roles!') }}{% endif %}"
    "{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ '[THINK]' + m.reasoning_content + '[/THINK]' if m.reasoning_content else '' }}"
    "{{ m.content + eos_token }}{% endif %}{% endfor %}"
)
# A header before answers that no generation prompt writes.
HEADER = "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
# Today's date.
LLAMA = (
    "Today: {{ strftime_now('%d %b %Y') }}\n"
    + _TURNS
    + (
        "{% else %}<|im_start|>assistant\n{{ m.content }}<|im_end|>\n"
        + _END
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
)
# Shows texts only where they stand in blocks of content.
BLOCKS = (
    "{% for m in messages %}{{ m.role }}:{% for b in m.content %}{% if b.type == 'text' %}"
    "{{ ' ' + b.text }}{% endif %}{% endfor %}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
