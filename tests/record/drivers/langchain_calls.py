# SPDX-License-Identifier: Apache-2.0
"""An application on LangChain: a prompt piped into a model, and an agent that uses a tool."""
import os

from langchain.agents import create_agent
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings


@tool
def look_up(q: str) -> str:
    """Looks up."""
    return "found"


def model(**more):
    return ChatOpenAI(model="gpt-4o", base_url=os.environ["MODEL_API"], api_key="none", max_retries=0, **more)


def chain(**more):
    prompt = ChatPromptTemplate.from_messages([("system", "You are brief."), ("user", "{question}")])
    return prompt | model(**more) | StrOutputParser()


def ask():
    chain().invoke({"question": "hello"})


def stream():
    for _ in chain(stream_usage=True).stream({"question": "hello"}):
        pass


def stream_without_usage():
    for _ in chain(stream_usage=False).stream({"question": "hello"}):
        pass


def agent():
    create_agent(model(), [look_up]).invoke({"messages": [("user", "hello")]})


def rate_limited():
    try:
        ask()
    except Exception as error:
        if getattr(error, "status_code", None) != 429:
            raise


def embeddings():
    OpenAIEmbeddings(model="text-embedding-3-small", base_url=os.environ["MODEL_API"], api_key="none", max_retries=0,
                     check_embedding_ctx_length=False).embed_query("hello")


SCENARIOS = {"chain": ask, "cached": ask, "stream": stream, "stream_without_usage": stream_without_usage, "agent": agent,
             "rate_limited": rate_limited, "embeddings": embeddings}


def run(scenario):
    SCENARIOS[scenario]()
